# The operations of the protocol. What has to be done at Service Manager is asked of $Desk, a hashtable of scriptblocks, so that the
# tests can put something in its place; ServiceManager.psm1 makes the real one. Its parts:
#   Health()                          @{ server; serverVersion; user }
#   Lists()                           list name -> objects with id, name, label, parent, ordinal
#   Templates()                       objects with id, name, label, workItemType
#   FindComputers(name)               objects with id, displayName, principalName, netbiosName
#   CreateComputer(name)              such an object
#   Read(type, criteria, max)         rows, ascending by LastModified: objects with Id, LastModified (UTC) and whatever the desk needs
#   Find(type, id)                    a row or nothing
#   Describe(type, row)               the row as an ordered hashtable for JSON
#   Create(properties, templateId)    a row
#   Update(row, properties)           a row; fails when somebody else changed it since the row was read
#   Link(row, computerId)             nothing
#   Comment(row, text)                nothing
Set-StrictMode -Version 2

# Rows that are read at once at most; more than this with one and the same time cannot be paged.
$script:ReadLimit = 51200

# $Settings: StateDirectory, CorrelationProperty, ExtensionProperties, CriteriaInstantFormat, CreateComputers, PendingMinutes, Version.
# $Now: scriptblock that tells the time in UTC.
function New-OperationTable {
    param(
        [Parameter(Mandatory = $true)][hashtable] $Desk,
        [Parameter(Mandatory = $true)][hashtable] $Settings,
        [scriptblock] $Now = { [datetime]::UtcNow }
    )
    # The operations run later, when these variables are gone: closures keep them. A closure does not see the functions of its
    # module by itself in every edition, so each goes through one exported function.
    return @{
        Health         = { param($request, $id) Get-GatewayHealth -Desk $Desk -Settings $Settings -Now (& $Now) }.GetNewClosure()
        Metadata       = { param($request, $id) Get-GatewayMetadata -Desk $Desk -Request $request }.GetNewClosure()
        Computers      = { param($request, $id) Get-GatewayComputer -Desk $Desk -Request $request }.GetNewClosure()
        CreateComputer = { param($request, $id) New-GatewayComputer -Desk $Desk -Settings $Settings -Request $request }.GetNewClosure()
        Incidents      = { param($request, $id) Get-GatewayPage -Desk $Desk -Settings $Settings -Request $request -Type 'incident' -Now (& $Now) }.GetNewClosure()
        Incident       = { param($request, $id) Get-GatewayItem -Desk $Desk -Request $request -Type 'incident' -Id $id }.GetNewClosure()
        CreateIncident = { param($request, $id) New-GatewayIncident -Desk $Desk -Settings $Settings -Request $request -Now $Now }.GetNewClosure()
        UpdateIncident = { param($request, $id) Set-GatewayIncident -Desk $Desk -Settings $Settings -Request $request -Id $id }.GetNewClosure()
        Changes        = { param($request, $id) Get-GatewayPage -Desk $Desk -Settings $Settings -Request $request -Type 'change' -Now (& $Now) }.GetNewClosure()
        Change         = { param($request, $id) Get-GatewayItem -Desk $Desk -Request $request -Type 'change' -Id $id }.GetNewClosure()
    }
}

function Get-GatewayHealth {
    param([hashtable] $Desk, [hashtable] $Settings, [datetime] $Now)
    $checks = New-Object System.Collections.ArrayList
    $status = 'ok'
    $server = @{ server = $null; serverVersion = $null; user = $null }
    try {
        $server = & $Desk.Health
        [void] $checks.Add([ordered]@{ name = 'sdk'; status = 'ok'; message = '' })
    } catch {
        $status = 'failed'
        [void] $checks.Add([ordered]@{ name = 'sdk'; status = 'failed'; message = $_.Exception.Message })
    }
    $body = [ordered]@{
        status        = $status
        gateway       = $Settings.Version
        server        = $server.server
        serverVersion = $server.serverVersion
        utc           = (Format-Instant $Now)
        user          = $server.user
        checks        = @($checks)
    }
    return New-Answer -Body $body
}

function Get-GatewayMetadata {
    param([hashtable] $Desk, [hashtable] $Request)
    $lists = & $Desk.Lists
    $enums = [ordered]@{}
    foreach ($name in @($lists.Keys | Sort-Object)) { $enums[$name] = @($lists[$name]) }
    $groups = @()
    if ($lists.ContainsKey('incident.tierQueue')) { $groups = @($lists['incident.tierQueue']) }
    $content = [ordered]@{ enums = $enums; templates = @(& $Desk.Templates); supportGroups = $groups }
    $etag = New-ContentETag -Text (ConvertTo-JsonText -Value $content)
    $known = $Request.Headers['if-none-match']
    if ($known -and (Test-ETag -Header $known -ETag $etag)) { return New-Answer -Status 304 -Headers @{ ETag = $etag } }
    $body = [ordered]@{ etag = $etag.Trim('"') }
    foreach ($key in $content.Keys) { $body[$key] = $content[$key] }
    return New-Answer -Body $body -Headers @{ ETag = $etag }
}

function Get-GatewayComputer {
    param([hashtable] $Desk, [hashtable] $Request)
    $name = $Request.Query['name']
    if (-not $name) { Stop-WithProblem -Code 'bad_request' -Detail 'name is missing' }
    return New-Answer -Body ([ordered]@{ items = @(& $Desk.FindComputers $name) })
}

function New-GatewayComputer {
    param([hashtable] $Desk, [hashtable] $Settings, [hashtable] $Request)
    if (-not $Settings.CreateComputers) { Stop-WithProblem -Code 'access_denied' -Detail 'this gateway does not create computers; see CreateComputers in its settings' }
    $name = [string] (Get-JsonMember -Object (Read-JsonBody $Request.Body) -Name 'principalName')
    if ($name -eq '') { Stop-WithProblem -Code 'bad_request' -Detail 'principalName is missing' }
    $known = @(& $Desk.FindComputers $name)
    if ($known.Count -gt 0) { return New-Answer -Body $known[0] }
    return New-Answer -Status 201 -Body (& $Desk.CreateComputer $name)
}

function Find-GatewayRow {
    param([hashtable] $Desk, [string] $Type, [string] $Id)
    $row = $null
    if (Test-WorkItemId -Id $Id) { $row = & $Desk.Find $Type $Id }
    if ($null -eq $row) { Stop-WithProblem -Code 'not_found' -Detail "there is no $Type '$Id'" }
    return $row
}

function Get-GatewayItem {
    param([hashtable] $Desk, [hashtable] $Request, [string] $Type, [string] $Id)
    $row = Find-GatewayRow -Desk $Desk -Type $Type -Id $Id
    $etag = New-ETag -LastModified $row.LastModified
    $known = $Request.Headers['if-none-match']
    if ($known -and (Test-ETag -Header $known -ETag $etag)) { return New-Answer -Status 304 -Headers @{ ETag = $etag } }
    return New-Answer -Body (& $Desk.Describe $Type $row) -Headers @{ ETag = $etag }
}

function Get-GatewayPage {
    param([hashtable] $Desk, [hashtable] $Settings, [hashtable] $Request, [string] $Type, [datetime] $Now)
    $query = $Request.Query
    if ($query.ContainsKey('correlationKey')) { return Find-GatewayCorrelation -Desk $Desk -Settings $Settings -Type $Type -Key $query['correlationKey'] }
    $limit = Read-Limit -Text $query['limit']
    $after = $null
    if ($query['cursor']) { $after = Read-Cursor -Text $query['cursor'] }
    $since = New-Object System.DateTime 0, ([System.DateTimeKind]::Utc)
    if ($query['modifiedSince']) {
        $since = Read-Instant -Text $query['modifiedSince']
        if ($null -eq $since) { Stop-WithProblem -Code 'bad_request' -Detail 'modifiedSince must be an instant such as 2026-09-01T10:00:00Z' }
    } elseif ($null -eq $after) {
        Stop-WithProblem -Code 'bad_request' -Detail 'modifiedSince or cursor is missing; without one everything would be read'
    }
    $from = $since
    if ($null -ne $after -and $after.LastModified -gt $since) { $from = $after.LastModified }
    $criteria = New-ChangedSinceCriteria -Since $from -Format $Settings.CriteriaInstantFormat
    $max = $limit * 2 + 50
    while ($true) {
        $rows = @(& $Desk.Read $Type $criteria $max)
        $page = Select-Page -Rows $rows -Complete ($rows.Count -lt $max) -Since $since -After $after -Limit $limit
        if (-not $page.NeedMore) { break }
        $max *= 4
        if ($max -gt $script:ReadLimit) { Stop-WithProblem -Code 'internal' -Detail "more than $script:ReadLimit work items have the same LastModified" }
    }
    return New-PageAnswer -Desk $Desk -Type $Type -Page $page -Now $Now
}

# Describes the rows as long as they fit; what does not fit is on the next page.
function New-PageAnswer {
    param([hashtable] $Desk, [string] $Type, [hashtable] $Page, [datetime] $Now)
    $items = New-Object System.Collections.ArrayList
    $room = (Get-BodyLimit) - 4096
    $last = $null
    $more = $Page.More
    foreach ($row in $Page.Rows) {
        $item = & $Desk.Describe $Type $row
        $room -= [System.Text.Encoding]::UTF8.GetByteCount((ConvertTo-JsonText -Value $item)) + 1
        if ($room -lt 0 -and $items.Count -gt 0) { $more = $true; break }
        [void] $items.Add($item)
        $last = $row
    }
    $cursor = $null
    if ($more -and $null -ne $last) { $cursor = New-Cursor -LastModified $last.LastModified -Id $last.Id }
    return New-Answer -Body ([ordered]@{ items = @($items); nextCursor = $cursor; watermark = (Format-Instant $Now) })
}

function Find-GatewayCorrelation {
    param([hashtable] $Desk, [hashtable] $Settings, [string] $Type, [string] $Key)
    $items = @()
    if ($Key -eq '') { Stop-WithProblem -Code 'bad_request' -Detail 'correlationKey is empty' }
    $criteria = New-EqualsCriteria -Property $Settings.CorrelationProperty -Value $Key
    foreach ($row in @(& $Desk.Read $Type $criteria 20)) { $items += , (& $Desk.Describe $Type $row) }
    return New-Answer -Body ([ordered]@{ items = @($items); nextCursor = $null; watermark = $null })
}

Export-ModuleMember -Function @(
    'New-OperationTable', 'Get-GatewayHealth', 'Get-GatewayMetadata', 'Get-GatewayComputer', 'New-GatewayComputer',
    'Find-GatewayRow', 'Get-GatewayItem', 'Get-GatewayPage'
)
