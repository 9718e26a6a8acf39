# From a request to an operation and back to an answer: token, size, kind of body, path, method, parameters, and what failed on the way.
# A request is a hashtable with Method, Path, Query (hashtable), Headers (hashtable, names in lower case) and Body (text).
# Nothing here knows Service Manager or the network.
Set-StrictMode -Version 2

$script:ListParameters = @('modifiedSince', 'afterId', 'until', 'cursor', 'limit', 'objectStatus', 'count', 'correlationKey', 'correlationPrefix')

# Method and pattern of each operation, the query parameters it knows, and for writes the members of its body.
$script:Routes = @(
    @{ Method = 'GET'; Pattern = '^/v1/health$'; Operation = 'Health' },
    @{ Method = 'GET'; Pattern = '^/v1/metadata$'; Operation = 'Metadata' },
    @{ Method = 'GET'; Pattern = '^/v1/computers$'; Operation = 'Computers'; Query = @('name') },
    @{ Method = 'POST'; Pattern = '^/v1/computers$'; Operation = 'CreateComputer'; Body = @('principalName') },
    @{ Method = 'GET'; Pattern = '^/v1/incidents$'; Operation = 'Incidents'; Query = $script:ListParameters },
    @{ Method = 'POST'; Pattern = '^/v1/incidents$'; Operation = 'CreateIncident'
        Body = @('templateId', 'properties', 'affectedComputers', 'createMissingComputers', 'comment', 'correlationKey') },
    @{ Method = 'GET'; Pattern = '^/v1/incidents/(?<id>[^/]+)$'; Operation = 'Incident' },
    @{ Method = 'PATCH'; Pattern = '^/v1/incidents/(?<id>[^/]+)$'; Operation = 'UpdateIncident'
        Body = @('transition', 'resolutionCategory', 'resolutionDescription', 'properties', 'affectedComputers', 'comment') },
    @{ Method = 'GET'; Pattern = '^/v1/incidents/(?<id>[^/]+)/comments$'; Operation = 'IncidentComments' },
    @{ Method = 'POST'; Pattern = '^/v1/incidents/(?<id>[^/]+)/comments$'; Operation = 'AddComment'; Body = @('text', 'private') },
    @{ Method = 'GET'; Pattern = '^/v1/changes$'; Operation = 'Changes'; Query = $script:ListParameters },
    @{ Method = 'GET'; Pattern = '^/v1/changes/(?<id>[^/]+)$'; Operation = 'Change' },
    @{ Method = 'GET'; Pattern = '^/v1/changes/(?<id>[^/]+)/comments$'; Operation = 'ChangeComments' }
)

# The path from /v1 on: through a relay the name of the hybrid connection stands before it.
function Get-GatewayPath {
    param([Parameter(Mandatory = $true)][string] $Path)
    $start = $Path.IndexOf('/v1/', [System.StringComparison]::Ordinal)
    if ($start -lt 0) { return $Path }
    return $Path.Substring($start)
}

# The route and the id in the path; stops with not_found or not_allowed.
function Find-Route {
    param([Parameter(Mandatory = $true)][string] $Method, [Parameter(Mandatory = $true)][string] $Path)
    $allowed = New-Object System.Collections.ArrayList
    foreach ($route in $script:Routes) {
        $match = [regex]::Match($Path, $route.Pattern)
        if (-not $match.Success) { continue }
        if ($route.Method -ceq $Method) {
            return @{ Route = $route; Operation = $route.Operation; Id = [System.Uri]::UnescapeDataString($match.Groups['id'].Value) }
        }
        [void] $allowed.Add($route.Method)
    }
    if ($allowed.Count -gt 0) {
        $list = $allowed.ToArray() -join ', '
        Stop-WithProblem -Code 'not_allowed' -Detail "$Path takes $list" -Extra @{ allow = $list }
    }
    Stop-WithProblem -Code 'not_found' -Detail "there is no $Path"
}

# Nothing a caller asks for is silently ignored: unknown parameters and members stop with bad_request.
function Test-RouteRequest {
    param([Parameter(Mandatory = $true)][hashtable] $Route, [Parameter(Mandatory = $true)][hashtable] $Request)
    $known = @()
    if ($Route.ContainsKey('Query')) { $known = $Route.Query }
    foreach ($name in $Request.Query.Keys) {
        if ($known -cnotcontains $name) { Stop-WithProblem -Code 'bad_request' -Detail "there is no parameter $name here" }
    }
    if (-not $Route.ContainsKey('Body')) { return }
    $kind = ([string] $Request.Headers['content-type']).Split(';')[0].Trim()
    if ($kind -ne 'application/json') { Stop-WithProblem -Code 'unsupported_media_type' -Detail 'send Content-Type: application/json' }
    foreach ($entry in (Read-JsonBody $Request.Body).PSObject.Properties) {
        if ($Route.Body -cnotcontains $entry.Name) { Stop-WithProblem -Code 'bad_request' -Detail "there is no member $($entry.Name) here" }
    }
}

# a=1&b=2 as a hashtable of unescaped texts; of a name that stands twice the first counts.
function Read-Query {
    param([AllowNull()][AllowEmptyString()][string] $Text)
    # Names of parameters are told apart by case, which a hashtable of PowerShell's own does not.
    $query = New-Object System.Collections.Hashtable ([System.StringComparer]::Ordinal)
    foreach ($part in ([string] $Text).TrimStart('?').Split('&')) {
        if ($part -eq '') { continue }
        $pair = $part.Split([char[]] '=', 2)
        $name = [System.Uri]::UnescapeDataString($pair[0].Replace('+', ' '))
        $value = ''
        if ($pair.Count -gt 1) { $value = [System.Uri]::UnescapeDataString($pair[1].Replace('+', ' ')) }
        if (-not $query.ContainsKey($name)) { $query[$name] = $value }
    }
    return $query
}

# The body as an object; stops with bad_request.
function Read-JsonBody {
    param([AllowNull()][AllowEmptyString()][string] $Body)
    $value = $null
    try {
        $value = ConvertFrom-Json -InputObject ([string] $Body)
    } catch {
        Stop-WithProblem -Code 'bad_request' -Detail 'the body is not JSON'
    }
    if ($value -isnot [System.Management.Automation.PSCustomObject]) { Stop-WithProblem -Code 'bad_request' -Detail 'the body must be a JSON object' }
    return $value
}

# A member of a JSON object, or $null; strict mode would stop at a missing one.
function Get-JsonMember {
    param([Parameter(Mandatory = $true)] $Object, [Parameter(Mandatory = $true)][string] $Name)
    $property = $Object.PSObject.Properties[$Name]
    if ($null -eq $property) { return $null }
    return $property.Value
}

# What a failure is. The management server's own errors are told by type name and text; see the README about what was seen and what was not.
function Get-ProblemCode {
    param([Parameter(Mandatory = $true)][System.Exception] $Failure)
    $inner = $Failure
    while ($null -ne $inner) {
        if ($inner.Data.Contains('gatewayCode')) { return [string] $inner.Data['gatewayCode'] }
        $name = $inner.GetType().Name
        if ($name -match 'Disconnected|ServiceNotRunning|ServerDown|EndpointNotFound|SocketException') { return 'sdk_unavailable' }
        if ($name -match 'Timeout') { return 'sdk_timeout' }
        if ($name -match 'Unauthorized|AccessDenied|SecurityException') { return 'access_denied' }
        if ($name -match 'Stale|Concurrency|Conflict') { return 'conflict' }
        if ($inner.Message -match 'stale|has been (modified|changed|updated) by another') { return 'conflict' }
        if ($inner.Message -match 'not authorized|access is denied|does not have sufficient permission') { return 'access_denied' }
        if ($name -match 'DiscoveryData|InvalidDatabaseData|Constraint|Validation') { return 'rejected' }
        $inner = $inner.InnerException
    }
    return 'internal'
}

# Members of a problem that Stop-WithProblem was given.
function Get-ProblemExtra {
    param([Parameter(Mandatory = $true)][System.Exception] $Failure)
    $extra = @{}
    foreach ($key in @($Failure.Data.Keys)) {
        if (([string] $key).StartsWith('gateway:')) { $extra[([string] $key).Substring(8)] = $Failure.Data[$key] }
    }
    return $extra
}

# One request through all of it; always an answer, never an exception.
# $Operations: name -> scriptblock taking (request, id). $Log: scriptblock taking a line.
function Invoke-Gateway {
    param(
        [Parameter(Mandatory = $true)][hashtable] $Request,
        [Parameter(Mandatory = $true)][hashtable] $Operations,
        [Parameter(Mandatory = $true)][string[]] $TokenHashes,
        [Parameter(Mandatory = $true)][string] $RequestId,
        [scriptblock] $Log = { param($line) }
    )
    $path = ''
    try {
        # Before everything else: a stranger learns nothing, not even which paths there are.
        if (-not (Test-Bearer -Authorization $Request.Headers['authorization'] -Hashes $TokenHashes)) {
            Stop-WithProblem -Code 'unauthorized' -Detail 'send Authorization: Bearer with the token of this gateway'
        }
        if ([System.Text.Encoding]::UTF8.GetByteCount([string] $Request.Body) -gt (Get-BodyLimit)) {
            Stop-WithProblem -Code 'too_large' -Detail "a body has at most $(Get-BodyLimit) bytes"
        }
        $path = Get-GatewayPath -Path $Request.Path
        $route = Find-Route -Method $Request.Method -Path $path
        Test-RouteRequest -Route $route.Route -Request $Request
        $answer = & $Operations[$route.Operation] $Request $route.Id
        # A pipeline may have slipped more than the answer out of an operation; the answer is the last.
        if ($answer -is [array]) { $answer = $answer[$answer.Count - 1] }
    } catch {
        $failure = $_.Exception
        $code = Get-ProblemCode -Failure $failure
        $detail = $failure.Message
        if ($code -eq 'internal') {
            # The text may name things of the server; it goes to the log, not to the caller.
            & $Log "$RequestId failed: $($failure.GetType().FullName): $($failure.Message) $($_.InvocationInfo.PositionMessage)"
            $detail = "see the log of the gateway for $RequestId"
        }
        $write = $Request.Method -ne 'GET'
        $answer = New-Problem -Code $code -Detail $detail -RequestId $RequestId -Extra (Get-ProblemExtra -Failure $failure) -Write $write
    }
    $answer.Headers['X-Request-Id'] = $RequestId
    & $Log "$RequestId $($Request.Method) $path $($answer.Status)"
    return $answer
}

Export-ModuleMember -Function @(
    'Get-GatewayPath', 'Find-Route', 'Test-RouteRequest', 'Read-Query', 'Read-JsonBody', 'Get-JsonMember', 'Get-ProblemCode', 'Invoke-Gateway'
)
