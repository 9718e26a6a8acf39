# Pages by (LastModified, Id). Service Manager can sort by one property and compare whole seconds for certain, so more is read than
# is needed and the page is cut here: after the cursor, never inside a group of equal times that may go on beyond what was read.
# Nothing here knows Service Manager or the network.
Set-StrictMode -Version 2

# Opaque for callers: base64url of "ticks|id".
function New-Cursor {
    param([Parameter(Mandatory = $true)][datetime] $LastModified, [Parameter(Mandatory = $true)][string] $Id)
    $text = $LastModified.Ticks.ToString([System.Globalization.CultureInfo]::InvariantCulture) + '|' + $Id
    $base64 = [System.Convert]::ToBase64String([System.Text.Encoding]::UTF8.GetBytes($text))
    return $base64.TrimEnd('=').Replace('+', '-').Replace('/', '_')
}

# A hashtable with LastModified and Id; stops with bad_request when the text was not made by New-Cursor.
function Read-Cursor {
    param([Parameter(Mandatory = $true)][string] $Text)
    $problem = 'the cursor is not one of this gateway; start again without it'
    $base64 = $Text.Replace('-', '+').Replace('_', '/')
    $base64 = $base64.PadRight([int] ([System.Math]::Ceiling($base64.Length / 4) * 4), [char] '=')
    try {
        $plain = [System.Text.Encoding]::UTF8.GetString([System.Convert]::FromBase64String($base64))
    } catch {
        Stop-WithProblem -Code 'bad_request' -Detail $problem
    }
    if ($plain -notmatch '^(\d{1,19})\|([A-Za-z0-9]{1,32})$') { Stop-WithProblem -Code 'bad_request' -Detail $problem }
    $ticks = [long] 0
    if (-not [long]::TryParse($Matches[1], [ref] $ticks) -or $ticks -gt [datetime]::MaxValue.Ticks) {
        Stop-WithProblem -Code 'bad_request' -Detail $problem
    }
    return @{ LastModified = (New-Object System.DateTime $ticks, ([System.DateTimeKind]::Utc)); Id = $Matches[2] }
}

# The limit of a page: 200 unless told, 1 to 200.
function Read-Limit {
    param([AllowNull()][AllowEmptyString()][string] $Text)
    if ([string]::IsNullOrEmpty($Text)) { return 200 }
    $limit = 0
    if (-not [int]::TryParse($Text, [ref] $limit) -or $limit -lt 1) { Stop-WithProblem -Code 'bad_request' -Detail 'limit must be a number from 1 to 200' }
    return [System.Math]::Min($limit, 200)
}

# Cuts a page out of what was read. $Rows: objects with LastModified (UTC) and Id, in ascending order of LastModified.
# $Complete: whether the read ended by itself rather than at its limit. Answers Rows, More, and NeedMore: read again with a larger limit.
function Select-Page {
    param(
        [Parameter(Mandatory = $true)][AllowEmptyCollection()][array] $Rows,
        [Parameter(Mandatory = $true)][bool] $Complete,
        [Parameter(Mandatory = $true)][datetime] $Since,
        [AllowNull()][hashtable] $After = $null,
        [datetime] $Until = [datetime]::MaxValue,
        [Parameter(Mandatory = $true)][int] $Limit
    )
    $usable = $Rows
    if (-not $Complete -and $Rows.Count -gt 0) {
        # The last group of equal times may go on beyond what was read.
        $last = $Rows[$Rows.Count - 1].LastModified
        $usable = @($Rows | Where-Object { $_.LastModified -lt $last })
    }
    $wanted = New-Object System.Collections.ArrayList
    foreach ($row in $usable) {
        if ($row.LastModified -lt $Since) { continue }
        if ($row.LastModified -gt $Until) { $Complete = $true; break }
        if ($null -ne $After) {
            if ($row.LastModified -lt $After.LastModified) { continue }
            if ($row.LastModified -eq $After.LastModified -and [string]::CompareOrdinal($row.Id, $After.Id) -le 0) { continue }
        }
        [void] $wanted.Add($row)
    }
    # Ids are compared byte by byte: Sort-Object would follow the culture.
    $ordered = $wanted.ToArray()
    $keys = @($ordered | ForEach-Object { $_.LastModified.Ticks.ToString('D19', [System.Globalization.CultureInfo]::InvariantCulture) + '|' + $_.Id })
    if ($keys.Count -gt 1) { [System.Array]::Sort([string[]] $keys, $ordered, [System.StringComparer]::Ordinal) }
    if (-not $Complete -and $ordered.Count -lt $Limit) { return @{ Rows = @(); More = $true; NeedMore = $true } }
    $page = @($ordered | Select-Object -First $Limit)
    return @{ Rows = $page; More = (-not $Complete) -or ($ordered.Count -gt $page.Count); NeedMore = $false }
}

Export-ModuleMember -Function @(
    'New-Cursor', 'Read-Cursor', 'Read-Limit', 'Select-Page'
)
