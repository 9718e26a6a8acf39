# Answers of the gateway: JSON, problems (RFC 9457), ETags, instants.
# Nothing here knows Service Manager or the network; an answer is a hashtable with Status, Headers and Body (text).
Set-StrictMode -Version 2

# Windows PowerShell gives arrays a second Count, and ConvertTo-Json then writes some of them as {"value":[...],"Count":n}.
Remove-TypeData -TypeName System.Array -ErrorAction SilentlyContinue

# Largest body that leaves or enters, in bytes.
$script:BodyLimit = 1048576

# What each problem is: HTTP status, title, and whether the same request may succeed later.
$script:Problems = @{
    bad_request            = @{ Status = 400; Title = 'The request cannot be understood'; Retryable = $false }
    unauthorized           = @{ Status = 401; Title = 'A valid bearer token is needed'; Retryable = $false }
    access_denied          = @{ Status = 403; Title = 'Access is denied'; Retryable = $false }
    not_found              = @{ Status = 404; Title = 'There is no such thing'; Retryable = $false }
    not_allowed            = @{ Status = 405; Title = 'This method is not possible here'; Retryable = $false }
    in_progress            = @{ Status = 409; Title = 'This idempotency key is being worked on'; Retryable = $true }
    read_only              = @{ Status = 409; Title = 'The work item is closed'; Retryable = $false }
    ambiguous              = @{ Status = 409; Title = 'Several computers have this name'; Retryable = $false }
    conflict               = @{ Status = 412; Title = 'The work item was changed in the meantime'; Retryable = $true }
    too_large              = @{ Status = 413; Title = 'The body is too large'; Retryable = $false }
    unsupported_media_type = @{ Status = 415; Title = 'The body must be application/json'; Retryable = $false }
    invalid_enum           = @{ Status = 422; Title = 'A list does not have this value'; Retryable = $false }
    invalid_value          = @{ Status = 422; Title = 'A property cannot take this value'; Retryable = $false }
    key_reused             = @{ Status = 422; Title = 'The idempotency key belongs to another request'; Retryable = $false }
    rejected               = @{ Status = 422; Title = 'Service Manager refused the change'; Retryable = $false }
    busy                   = @{ Status = 429; Title = 'The gateway is busy'; Retryable = $true }
    internal               = @{ Status = 500; Title = 'The gateway failed'; Retryable = $true }
    not_supported          = @{ Status = 501; Title = 'This gateway cannot do that'; Retryable = $false }
    sdk_unavailable        = @{ Status = 503; Title = 'The management server cannot be reached'; Retryable = $true }
    sdk_timeout            = @{ Status = 503; Title = 'The management server did not answer in time'; Retryable = $true }
}

# Problems of a write after which nobody knows whether it was done.
$script:Unknown = @('internal', 'sdk_timeout')

function Get-BodyLimit {
    return $script:BodyLimit
}

# One line of JSON. Everything that goes in must already be text, number, boolean, $null, array or hashtable:
# Windows PowerShell writes a [datetime] as \/Date(...)\/, which nobody else reads.
function ConvertTo-JsonText {
    param([Parameter(Mandatory = $true)][AllowNull()] $Value)
    return (ConvertTo-Json -InputObject $Value -Depth 12 -Compress)
}

function New-Answer {
    param([int] $Status = 200, $Body = $null, [hashtable] $Headers = @{})
    $all = @{}
    foreach ($name in $Headers.Keys) { $all[$name] = $Headers[$name] }
    $text = ''
    if ($null -ne $Body) {
        $text = ConvertTo-JsonText -Value $Body
        if (-not $all.ContainsKey('Content-Type')) { $all['Content-Type'] = 'application/json; charset=utf-8' }
    }
    return @{ Status = $Status; Headers = $all; Body = $text }
}

# $Extra: further members such as property and maxLength. $Write: whether the request may have changed something.
function New-Problem {
    param(
        [Parameter(Mandatory = $true)][string] $Code,
        [string] $Detail = '',
        [string] $RequestId = '',
        [hashtable] $Extra = @{},
        [bool] $Write = $false
    )
    $problem = $script:Problems[$Code]
    if ($null -eq $problem) { $Code = 'internal'; $problem = $script:Problems[$Code] }
    $headers = @{ 'Content-Type' = 'application/problem+json; charset=utf-8' }
    if ($Extra.ContainsKey('retryAfter')) { $headers['Retry-After'] = [string] $Extra['retryAfter'] }
    if ($Extra.ContainsKey('allow')) { $headers['Allow'] = [string] $Extra['allow'] }
    if ($Code -eq 'unauthorized') { $headers['WWW-Authenticate'] = 'Bearer' }
    $body = [ordered]@{
        type      = 'about:blank'
        title     = $problem.Title
        status    = $problem.Status
        detail    = $Detail
        code      = $Code
        retryable = $problem.Retryable
        requestId = $RequestId
    }
    if ($Write) { $body['outcome'] = (Get-Outcome -Code $Code) }
    foreach ($name in 'property', 'maxLength') { if ($Extra.ContainsKey($name)) { $body[$name] = $Extra[$name] } }
    return New-Answer -Status $problem.Status -Body $body -Headers $headers
}

# not_done or unknown, of a write that ended with this problem.
function Get-Outcome {
    param([Parameter(Mandatory = $true)][string] $Code)
    if ($script:Unknown -contains $Code) { return 'unknown' }
    return 'not_done'
}

# Ends an operation with a problem; Invoke-Gateway turns it into the answer.
function Stop-WithProblem {
    param([Parameter(Mandatory = $true)][string] $Code, [string] $Detail = '', [hashtable] $Extra = @{})
    $stop = New-Object System.InvalidOperationException $Detail
    $stop.Data['gatewayCode'] = $Code
    foreach ($name in $Extra.Keys) { $stop.Data["gateway:$name"] = $Extra[$name] }
    throw $stop
}

# 2026-09-01T10:00:02.2Z: UTC, as many decimals as needed (seven at most, the precision of .NET), none for whole seconds.
function Format-Instant {
    param($Value)
    if ($null -eq $Value) { return $null }
    $utc = ([datetime] $Value)
    if ($utc.Kind -eq [System.DateTimeKind]::Local) { $utc = $utc.ToUniversalTime() }
    return $utc.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF", [System.Globalization.CultureInfo]::InvariantCulture) + 'Z'
}

# An RFC 3339 text, with any offset, as [datetime] in UTC; $null when it is none.
function Read-Instant {
    param([string] $Text)
    if ($Text -notmatch '^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$') { return $null }
    $parsed = [System.DateTimeOffset]::MinValue
    # .NET takes seven decimals and refuses more.
    $text7 = [regex]::Replace($Text, '(\.\d{7})\d+', '$1')
    $styles = [System.Globalization.DateTimeStyles]::None
    if (-not [System.DateTimeOffset]::TryParse($text7, [System.Globalization.CultureInfo]::InvariantCulture, $styles, [ref] $parsed)) {
        return $null
    }
    return $parsed.UtcDateTime
}

# The version of a work item: the ticks of its LastModified and a hash of its properties, because two changes may come within one tick.
function New-ETag {
    param([Parameter(Mandatory = $true)][datetime] $LastModified, [Parameter(Mandatory = $true)][AllowEmptyString()][string] $Content)
    $ticks = $LastModified.Ticks.ToString([System.Globalization.CultureInfo]::InvariantCulture)
    return '"' + $ticks + '-' + (Get-Sha256 -Text $Content).Substring(0, 16) + '"'
}

# Whether one of the versions in an If-Match or If-None-Match header is this one.
function Test-ETag {
    param([string] $Header, [string] $ETag)
    foreach ($part in $Header.Split(',')) {
        $candidate = $part.Trim()
        if ($candidate -eq '*') { return $true }
        if ($candidate.StartsWith('W/')) { $candidate = $candidate.Substring(2) }
        if ($candidate -ceq $ETag) { return $true }
    }
    return $false
}

# A short name for a content: the start of its SHA-256 in hex, quoted.
function New-ContentETag {
    param([Parameter(Mandatory = $true)][string] $Text)
    return '"' + (Get-Sha256 -Text $Text).Substring(0, 32) + '"'
}

function Get-Sha256 {
    param([Parameter(Mandatory = $true)][AllowEmptyString()][string] $Text)
    $sha = [System.Security.Cryptography.SHA256]::Create()
    try {
        $hash = $sha.ComputeHash([System.Text.Encoding]::UTF8.GetBytes($Text))
    } finally {
        $sha.Dispose()
    }
    return ([System.BitConverter]::ToString($hash)).Replace('-', '').ToLowerInvariant()
}

Export-ModuleMember -Function @(
    'Get-BodyLimit', 'ConvertTo-JsonText', 'New-Answer', 'New-Problem', 'Get-Outcome', 'Stop-WithProblem', 'Format-Instant',
    'Read-Instant', 'New-ETag', 'Test-ETag', 'New-ContentETag', 'Get-Sha256'
)
