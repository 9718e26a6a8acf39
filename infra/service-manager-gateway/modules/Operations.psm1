# The reading operations of the protocol, and the table of all of them. What has to be done at Service Manager is asked of $Desk, a
# hashtable of scriptblocks, so that the tests can put something in its place; ServiceManager.psm1 makes the real one. Its parts:
#   Health()                          @{ server; serverVersion; user }
#   Lists()                           list name -> objects with id, name, label, parent, ordinal; parents before children
#   Templates()                       objects with id, name, label, workItemType (incident, change)
#   FindComputers(name)               objects with id, displayName, principalName, netbiosName: all that have the name somewhere
#   CreateComputer(name)              such an object
#   Read(type, criteria, max)         rows, ascending by LastModified: objects with Id, LastModified (UTC), Key, Closed, and what the desk needs
#   Find(type, id)                    a row or nothing
#   Describe(type, row)               the row as an ordered hashtable for JSON, without correlationKey, readOnly, objectStatus, lastModified, etag
#   Comments(type, row)               ordered hashtables with id, kind, text, enteredBy, entered, private; oldest first
#   Create(properties, templateId)    a row, made by one commit
#   Update(row, properties)           a row; fails when somebody else changed it since the row was read
#   Link(row, computerId)             nothing
#   Comment(row, text, private)       the comment
Set-StrictMode -Version 2

# Rows that are read at once at most; more than this with one and the same second cannot be paged.
$script:ReadLimit = 51200
# What does not belong to a work item's own properties, and so not to its version.
$script:Related = @('affectedUser', 'assignedTo', 'createdBy', 'computers')

# $Settings: StateDirectory, CorrelationProperty, ExtensionProperties, CriteriaInstantFormat, CreateComputers, KeepKeysDays, SettleSeconds,
# Language, Version. $Now: scriptblock that tells the time in UTC.
function New-OperationTable {
    param(
        [Parameter(Mandatory = $true)][hashtable] $Desk,
        [Parameter(Mandatory = $true)][hashtable] $Settings,
        [scriptblock] $Now = { [datetime]::UtcNow }
    )
    # The operations run later, when these variables are gone: closures keep them, and call exported functions alone, because a closure
    # does not see what its module keeps to itself.
    return @{
        Health           = { param($request, $id) Get-GatewayHealth -Desk $Desk -Settings $Settings -Now (& $Now) }.GetNewClosure()
        Metadata         = { param($request, $id) Get-GatewayMetadata -Desk $Desk -Settings $Settings -Request $request }.GetNewClosure()
        Computers        = { param($request, $id) Get-GatewayComputer -Desk $Desk -Request $request }.GetNewClosure()
        CreateComputer   = { param($request, $id) New-GatewayComputer -Desk $Desk -Settings $Settings -Request $request }.GetNewClosure()
        Incidents        = { param($request, $id) Get-GatewayPage -Desk $Desk -Settings $Settings -Request $request -Type 'incident' -Now (& $Now) }.GetNewClosure()
        Incident         = { param($request, $id) Get-GatewayItem -Desk $Desk -Request $request -Type 'incident' -Id $id }.GetNewClosure()
        IncidentComments = { param($request, $id) Get-GatewayComment -Desk $Desk -Type 'incident' -Id $id }.GetNewClosure()
        CreateIncident   = { param($request, $id) New-GatewayIncident -Desk $Desk -Settings $Settings -Request $request -Now $Now }.GetNewClosure()
        UpdateIncident   = { param($request, $id) Set-GatewayIncident -Desk $Desk -Settings $Settings -Request $request -Id $id -Now $Now }.GetNewClosure()
        AddComment       = { param($request, $id) New-GatewayComment -Desk $Desk -Request $request -Id $id }.GetNewClosure()
        Changes          = { param($request, $id) Get-GatewayPage -Desk $Desk -Settings $Settings -Request $request -Type 'change' -Now (& $Now) }.GetNewClosure()
        Change           = { param($request, $id) Get-GatewayItem -Desk $Desk -Request $request -Type 'change' -Id $id }.GetNewClosure()
        ChangeComments   = { param($request, $id) Get-GatewayComment -Desk $Desk -Type 'change' -Id $id }.GetNewClosure()
    }
}

function Get-GatewayHealth {
    param([hashtable] $Desk, [hashtable] $Settings, [datetime] $Now)
    $status = 'ok'
    $message = ''
    $server = @{ server = $null; serverVersion = $null; user = $null }
    try {
        $server = & $Desk.Health
    } catch {
        $status = 'failed'
        $message = $_.Exception.Message
    }
    $body = [ordered]@{
        status        = $status
        gateway       = $Settings.Version
        protocol      = 1
        server        = $server.server
        serverVersion = $server.serverVersion
        utc           = (Format-Instant $Now)
        user          = $server.user
        checks        = @([ordered]@{ name = 'sdk'; status = $status; message = $message })
        capabilities  = [ordered]@{ createComputers = [bool] $Settings.CreateComputers; deletedItems = $false; counts = $false; comments = $true }
        limits        = [ordered]@{
            page = 200; bodyBytes = (Get-BodyLimit); requestSeconds = 50; idempotencyDays = $Settings.KeepKeysDays; settleSeconds = $Settings.SettleSeconds
        }
    }
    return New-Answer -Body $body
}

function Get-GatewayMetadata {
    param([hashtable] $Desk, [hashtable] $Settings, [hashtable] $Request)
    $lists = & $Desk.Lists
    $enums = [ordered]@{}
    foreach ($name in @($lists.Keys | Sort-Object)) { $enums[$name] = @($lists[$name]) }
    $groups = @()
    if ($lists.ContainsKey('incident.tierQueue')) { $groups = @($lists['incident.tierQueue']) }
    $described = Get-PropertyDescription -Extra @($Settings.ExtensionProperties) -KeyProperty $Settings.CorrelationProperty
    $content = [ordered]@{
        language = $Settings.Language; enums = $enums; templates = @(& $Desk.Templates); supportGroups = $groups; properties = [ordered]@{ incident = @($described) }
    }
    $etag = New-ContentETag -Text (ConvertTo-JsonText -Value $content)
    $known = $Request.Headers['if-none-match']
    if ($known -and (Test-ETag -Header $known -ETag $etag)) { return New-Answer -Status 304 -Headers @{ ETag = $etag } }
    $body = [ordered]@{ etag = $etag.Trim('"') }
    foreach ($key in $content.Keys) { $body[$key] = $content[$key] }
    return New-Answer -Body $body -Headers @{ ETag = $etag }
}

# The computers that a name means, at most 20.
function Find-GatewayComputer {
    param([hashtable] $Desk, [string] $Name)
    return @(Select-Computer -Computers @(& $Desk.FindComputers $Name) -Name $Name | Select-Object -First 20)
}

function Get-GatewayComputer {
    param([hashtable] $Desk, [hashtable] $Request)
    $name = $Request.Query['name']
    if (-not $name) { Stop-WithProblem -Code 'bad_request' -Detail 'name is missing' }
    return New-Answer -Body ([ordered]@{ items = @(Find-GatewayComputer -Desk $Desk -Name $name) })
}

function New-GatewayComputer {
    param([hashtable] $Desk, [hashtable] $Settings, [hashtable] $Request)
    if (-not $Settings.CreateComputers) { Stop-WithProblem -Code 'access_denied' -Detail 'this gateway does not create computers; see CreateComputers in its settings' }
    $name = [string] (Get-JsonMember -Object (Read-JsonBody $Request.Body) -Name 'principalName')
    if ($name -eq '') { Stop-WithProblem -Code 'bad_request' -Detail 'principalName is missing' }
    $known = @(Find-GatewayComputer -Desk $Desk -Name $name)
    if ($known.Count -gt 1) { Stop-WithProblem -Code 'ambiguous' -Detail "there are $($known.Count) computers '$name'" }
    if ($known.Count -eq 1) { return New-Answer -Body $known[0] }
    return New-Answer -Status 201 -Body (& $Desk.CreateComputer $name)
}

# Stops with not_found; a deleted work item is not told apart from one that never was.
function Find-GatewayRow {
    param([hashtable] $Desk, [string] $Type, [string] $Id)
    $row = $null
    if (Test-WorkItemId -Id $Id) { $row = & $Desk.Find $Type $Id }
    if ($null -eq $row) { Stop-WithProblem -Code 'not_found' -Detail "there is no $Type '$Id'" }
    return $row
}

# A row as the protocol shows it, etag included.
function Show-GatewayItem {
    param([hashtable] $Desk, [string] $Type, $Row)
    $item = & $Desk.Describe $Type $Row
    $own = [ordered]@{}
    foreach ($name in $item.Keys) { if ($script:Related -notcontains $name) { $own[$name] = $item[$name] } }
    if ($Type -eq 'incident') { $item['correlationKey'] = $Row.Key }
    $item['objectStatus'] = 'Active'
    $item['readOnly'] = [bool] $Row.Closed
    $item['lastModified'] = Format-Instant $Row.LastModified
    $item['etag'] = New-ETag -LastModified $Row.LastModified -Content (ConvertTo-JsonText -Value $own)
    return $item
}

function Get-GatewayItem {
    param([hashtable] $Desk, [hashtable] $Request, [string] $Type, [string] $Id)
    $item = Show-GatewayItem -Desk $Desk -Type $Type -Row (Find-GatewayRow -Desk $Desk -Type $Type -Id $Id)
    $known = $Request.Headers['if-none-match']
    if ($known -and (Test-ETag -Header $known -ETag $item['etag'])) { return New-Answer -Status 304 -Headers @{ ETag = $item['etag'] } }
    return New-Answer -Body $item -Headers @{ ETag = $item['etag'] }
}

function Get-GatewayComment {
    param([hashtable] $Desk, [string] $Type, [string] $Id)
    $row = Find-GatewayRow -Desk $Desk -Type $Type -Id $Id
    return New-Answer -Body ([ordered]@{ items = @(& $Desk.Comments $Type $row) })
}

# An instant of a parameter, or $null when it is missing.
function Read-QueryInstant {
    param([hashtable] $Query, [string] $Name)
    if (-not $Query.ContainsKey($Name)) { return $null }
    $instant = Read-Instant -Text $Query[$Name]
    if ($null -eq $instant) { Stop-WithProblem -Code 'bad_request' -Detail "$Name must be an instant such as 2026-09-01T10:00:00Z" }
    return $instant
}

function Get-GatewayPage {
    param([hashtable] $Desk, [hashtable] $Settings, [hashtable] $Request, [string] $Type, [datetime] $Now)
    $query = $Request.Query
    $wanted = $query['objectStatus']
    if ($wanted -and $wanted -cne 'active') {
        if ('deleted', 'all' -cnotcontains $wanted) { Stop-WithProblem -Code 'bad_request' -Detail 'objectStatus is active, deleted or all' }
        Stop-WithProblem -Code 'not_supported' -Detail 'this gateway does not see deleted work items'
    }
    # What is committed right now may carry an earlier instant and become visible a little later.
    $watermark = $Now.AddSeconds(-$Settings.SettleSeconds)
    foreach ($name in 'correlationKey', 'correlationPrefix') {
        if ($query.ContainsKey($name)) { return Find-GatewayKeyed -Desk $Desk -Settings $Settings -Query $query -Type $Type -By $name -Watermark $watermark }
    }
    $limit = Read-Limit -Text $query['limit']
    $since = Read-QueryInstant -Query $query -Name 'modifiedSince'
    $until = Read-QueryInstant -Query $query -Name 'until'
    if ($null -eq $until) { $until = [datetime]::MaxValue }
    $after = $null
    if ($query.ContainsKey('cursor')) {
        if ($null -ne $since -or $query.ContainsKey('afterId')) { Stop-WithProblem -Code 'bad_request' -Detail 'cursor stands instead of modifiedSince and afterId' }
        $after = Read-Cursor -Text $query['cursor']
    } elseif ($null -eq $since) {
        Stop-WithProblem -Code 'bad_request' -Detail 'modifiedSince, cursor, correlationKey or correlationPrefix is missing'
    } elseif ($query.ContainsKey('afterId')) {
        $after = @{ LastModified = $since; Id = $query['afterId'] }
    }
    if ($null -ne $after) { $since = $after.LastModified }
    $criteria = New-ChangedSinceCriteria -Since $since -Format $Settings.CriteriaInstantFormat
    $max = $limit * 2 + 50
    while ($true) {
        $rows = @(& $Desk.Read $Type $criteria $max)
        $page = Select-Page -Rows $rows -Complete ($rows.Count -lt $max) -Since $since -After $after -Until $until -Limit $limit
        if (-not $page.NeedMore) { break }
        $max *= 4
        if ($max -gt $script:ReadLimit) { throw "more than $script:ReadLimit work items were changed in the same second" }
    }
    return New-PageAnswer -Desk $Desk -Type $Type -Page $page -Watermark $watermark -Count ($query['count'] -ceq 'true')
}

# Describes the rows as long as they fit; what does not fit is on the next page.
function New-PageAnswer {
    param([hashtable] $Desk, [string] $Type, [hashtable] $Page, [datetime] $Watermark, [bool] $Count)
    $items = New-Object System.Collections.ArrayList
    $room = (Get-BodyLimit) - 4096
    $last = $null
    $more = $Page.More
    foreach ($row in $Page.Rows) {
        $item = Show-GatewayItem -Desk $Desk -Type $Type -Row $row
        $room -= [System.Text.Encoding]::UTF8.GetByteCount((ConvertTo-JsonText -Value $item)) + 1
        if ($room -lt 0 -and $items.Count -gt 0) { $more = $true; break }
        [void] $items.Add($item)
        $last = $row
    }
    $cursor = $null
    if ($more -and $null -ne $last) { $cursor = New-Cursor -LastModified $last.LastModified -Id $last.Id }
    $body = [ordered]@{ items = @($items.ToArray()); nextCursor = $cursor; watermark = (Format-Instant $Watermark) }
    if ($Count) { $body['remaining'] = $null }
    return New-Answer -Body $body
}

# Incidents with a key: compared again here, because the database takes no notice of case.
function Find-GatewayKeyed {
    param([hashtable] $Desk, [hashtable] $Settings, [hashtable] $Query, [string] $Type, [string] $By, [datetime] $Watermark)
    $allowed = @($By, 'objectStatus')
    if ($By -eq 'correlationPrefix') { $allowed += 'limit' }
    foreach ($name in $Query.Keys) { if ($allowed -cnotcontains $name) { Stop-WithProblem -Code 'bad_request' -Detail "$By stands alone, not with $name" } }
    if ($Type -ne 'incident') { Stop-WithProblem -Code 'bad_request' -Detail 'changes have no correlation key' }
    $key = $Query[$By]
    if (-not (Test-CorrelationKey -Key $key)) { Stop-WithProblem -Code 'bad_request' -Detail "$By has 1 to 100 letters, digits and - _ . :" }
    if ($By -eq 'correlationKey') {
        $rows = @(Find-KeyedRow -Desk $Desk -Settings $Settings -Key $key)
    } else {
        $limit = Read-Limit -Text $Query['limit']
        $criteria = New-PrefixCriteria -Property $Settings.CorrelationProperty -Prefix $key
        $found = @(& $Desk.Read 'incident' $criteria $script:ReadLimit | Where-Object { (Read-Generation -Prefix $key -Key $_.Key) -ge 0 })
        $rows = @($found | Sort-Object -Descending -Property { Read-Generation -Prefix $key -Key $_.Key } | Select-Object -First $limit)
    }
    $items = @($rows | ForEach-Object { Show-GatewayItem -Desk $Desk -Type 'incident' -Row $_ })
    return New-Answer -Body ([ordered]@{ items = $items; nextCursor = $null; watermark = (Format-Instant $Watermark) })
}

# Rows with exactly this key, oldest first by what the server counts up.
function Find-KeyedRow {
    param([hashtable] $Desk, [hashtable] $Settings, [string] $Key)
    $criteria = New-EqualsCriteria -Property $Settings.CorrelationProperty -Value $Key
    $found = @(& $Desk.Read 'incident' $criteria 50 | Where-Object { $_.Key -ceq $Key })
    return @($found | Sort-Object -Property { [long] ([regex]::Match($_.Id, '[0-9]+$').Value) })
}

Export-ModuleMember -Function @(
    'New-OperationTable', 'Get-GatewayHealth', 'Get-GatewayMetadata', 'Get-GatewayComputer', 'New-GatewayComputer', 'Find-GatewayComputer',
    'Find-GatewayRow', 'Show-GatewayItem', 'Get-GatewayItem', 'Get-GatewayComment', 'Get-GatewayPage', 'Find-KeyedRow'
)
