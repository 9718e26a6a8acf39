# The text of criteria for EnterpriseManagementObjectCriteria, and values of lists. Whatever comes from outside is quoted here and nowhere else.
# Nothing here knows Service Manager or the network.
Set-StrictMode -Version 2

# A text as the criteria language takes it: a quote within is doubled.
function Format-CriteriaText {
    param([Parameter(Mandatory = $true)][AllowEmptyString()][string] $Text)
    if ($Text -match '[\x00-\x1f]') { Stop-WithProblem -Code 'bad_request' -Detail 'a control character cannot be searched for' }
    return "'" + $Text.Replace("'", "''") + "'"
}

# An instant, UTC, by the format of the settings: what the management server takes depends on its culture.
function Format-CriteriaInstant {
    param([Parameter(Mandatory = $true)][datetime] $Instant, [string] $Format = 'yyyy-MM-dd HH:mm:ss')
    return "'" + $Instant.ToString($Format, [System.Globalization.CultureInfo]::InvariantCulture) + "'"
}

# Work items changed since; whole seconds, rounded down, so that nothing is lost by rounding. The page is cut exactly afterwards (Paging).
function New-ChangedSinceCriteria {
    param([Parameter(Mandatory = $true)][datetime] $Since, [string] $Format = 'yyyy-MM-dd HH:mm:ss')
    $second = New-Object System.DateTime ($Since.Ticks - ($Since.Ticks % [System.TimeSpan]::TicksPerSecond)), ([System.DateTimeKind]::Utc)
    return 'LastModified >= ' + (Format-CriteriaInstant -Instant $second -Format $Format)
}

function New-EqualsCriteria {
    param([Parameter(Mandatory = $true)][string] $Property, [Parameter(Mandatory = $true)][string] $Value)
    # Property names come from our own code and settings; this is against a slip of the pen.
    if ($Property -notmatch '^[A-Za-z_][A-Za-z0-9_]*$') { Stop-WithProblem -Code 'internal' -Detail "$Property is not the name of a property" }
    return "$Property = " + (Format-CriteriaText -Text $Value)
}

# A computer by whatever name is known of it: fully qualified, NetBIOS, or as shown.
function New-ComputerCriteria {
    param([Parameter(Mandatory = $true)][string] $Name)
    $parts = @(
        (New-EqualsCriteria -Property 'PrincipalName' -Value $Name),
        (New-EqualsCriteria -Property 'DNSName' -Value $Name),
        (New-EqualsCriteria -Property 'NetbiosComputerName' -Value $Name),
        (New-EqualsCriteria -Property 'DisplayName' -Value $Name)
    )
    return ($parts -join ' OR ')
}

# IR123, CR77: letters of any prefix, then the number. What is not shaped so is not looked for.
function Test-WorkItemId {
    param([string] $Id)
    return ($Id -match '^[A-Za-z]{1,10}[0-9]{1,12}$')
}

# A value of a list by its id, its name, the last part of its name, or its label in the gateway's language.
# $Values: objects with id, name, label. The id of the value; stops with invalid_enum when there is none or more than one.
function Resolve-ListValue {
    param([Parameter(Mandatory = $true)][string] $Property, [Parameter(Mandatory = $true)][string] $Given, [Parameter(Mandatory = $true)][array] $Values)
    $guid = [guid]::Empty
    if ([guid]::TryParse($Given, [ref] $guid)) {
        $found = @($Values | Where-Object { [guid] $_.id -eq $guid })
    } else {
        # Exact names before ends of names before labels: a label may be the same text as another value's name.
        $found = @($Values | Where-Object { $_.name -eq $Given })
        if ($found.Count -eq 0) { $found = @($Values | Where-Object { $_.name.EndsWith('.' + $Given, [System.StringComparison]::OrdinalIgnoreCase) }) }
        if ($found.Count -eq 0) { $found = @($Values | Where-Object { $_.label -eq $Given }) }
    }
    if ($found.Count -eq 1) { return $found[0].id }
    $labels = (@($Values | Select-Object -First 30 | ForEach-Object { $_.label }) -join ', ')
    if ($found.Count -gt 1) { Stop-WithProblem -Code 'invalid_enum' -Detail "${Property}: '$Given' names $($found.Count) values; use an id" }
    Stop-WithProblem -Code 'invalid_enum' -Detail "${Property}: there is no '$Given'; possible are: $labels"
}

Export-ModuleMember -Function @(
    'Format-CriteriaText', 'Format-CriteriaInstant', 'New-ChangedSinceCriteria', 'New-EqualsCriteria',
    'New-ComputerCriteria', 'Test-WorkItemId', 'Resolve-ListValue'
)
