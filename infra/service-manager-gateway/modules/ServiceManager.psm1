# The thin part that talks to Service Manager, by SMLets and the SDK it brings. It makes $Desk for Operations.psm1 and decides nothing.
# NEVER RUN against a management server; see the README for what was assumed. Windows PowerShell 5.1 only.
Set-StrictMode -Version 2

# List name in /v1/metadata -> enumeration. The names end with $ in every call: SMLets takes regular expressions.
$script:Enumerations = @{
    'incident.status'             = 'IncidentStatusEnum'
    'incident.impact'             = 'System.WorkItem.TroubleTicket.ImpactEnum'
    'incident.urgency'            = 'System.WorkItem.TroubleTicket.UrgencyEnum'
    'incident.classification'     = 'IncidentClassificationEnum'
    'incident.source'             = 'IncidentSourceEnum'
    'incident.tierQueue'          = 'IncidentTierQueuesEnum'
    'incident.resolutionCategory' = 'IncidentResolutionCategoryEnum'
    'change.status'               = 'ChangeStatusEnum'
    'change.category'             = 'ChangeCategoryEnum'
    'change.area'                 = 'ChangeAreaEnum'
    'change.priority'             = 'ChangePriorityEnum'
    'change.impact'               = 'ChangeImpactEnum'
    'change.risk'                 = 'ChangeRiskEnum'
    'change.implementationResults' = 'ChangeImplementationResultsEnum'
}
$script:Classes = @{ incident = 'System.WorkItem.Incident'; change = 'System.WorkItem.ChangeRequest' }
$script:Projections = @{ incident = 'System.WorkItem.Incident.ProjectionType'; change = 'System.WorkItem.ChangeRequestProjection' }
# What /v1/incidents and /v1/changes tell: JSON name -> property.
$script:Told = @{
    incident = [ordered]@{
        title = 'Title'; description = 'Description'; status = 'Status'; impact = 'Impact'; urgency = 'Urgency'; priority = 'Priority'
        classification = 'Classification'; source = 'Source'; tierQueue = 'TierQueue'; escalated = 'Escalated'
        resolutionCategory = 'ResolutionCategory'; resolutionDescription = 'ResolutionDescription'; contactMethod = 'ContactMethod'
        created = 'CreatedDate'; resolved = 'ResolvedDate'; closed = 'ClosedDate'
    }
    change   = [ordered]@{
        title = 'Title'; description = 'Description'; status = 'Status'; impact = 'Impact'; priority = 'Priority'; risk = 'Risk'
        category = 'Category'; area = 'Area'; reason = 'Reason'; implementationResults = 'ImplementationResults'; created = 'CreatedDate'; requiredBy = 'RequiredBy'
        scheduledStart = 'ScheduledStartDate'; scheduledEnd = 'ScheduledEndDate'; actualStart = 'ActualStartDate'; actualEnd = 'ActualEndDate'
    }
}
$script:People = [ordered]@{
    affectedUser = 'System.WorkItemAffectedUser'; assignedTo = 'System.WorkItemAssignedToUser'; createdBy = 'System.WorkItemCreatedByUser'
}

# The session and what was looked up through it; made anew after a broken connection.
$script:Session = $null
$script:Found = @{}
$script:Options = $null

function Connect-ServiceManager {
    # SMLets keeps the connection open; asking whether it is, is cheap.
    if ($null -ne $script:Session -and $script:Session.IsConnected) { return }
    if ($null -ne $script:Session) { $script:Session.Reconnect(); return }
    $script:Found = @{}
    $script:Session = New-SCSMSession -ComputerName $script:Options.Server -ThreeLetterWindowsLanguageName $script:Options.Language -PassThru -ErrorAction Stop
}

# A class, relationship or enumeration, looked up once.
function Get-Definition {
    param([string] $Kind, [string] $Name)
    $key = "$Kind $Name"
    if (-not $script:Found.ContainsKey($key)) {
        $pattern = '^' + [regex]::Escape($Name) + '$'
        $common = @{ SCSMSession = $script:Session; ErrorAction = 'Stop' }
        switch ($Kind) {
            'class' { $found = @(Get-SCSMClass -Name $pattern @common) }
            'relationship' { $found = @(Get-SCSMRelationshipClass -Name $pattern @common) }
            'enumeration' { $found = @(Get-SCSMEnumeration -Name $pattern @common) }
        }
        if ($found.Count -ne 1) { throw "the management server has $($found.Count) of $Kind $Name; expected one" }
        $script:Found[$key] = $found[0]
    }
    return $script:Found[$key]
}

function Read-Health {
    Connect-ServiceManager
    return @{
        server        = $script:Options.Server
        serverVersion = [string] $script:Session.Version
        user          = [System.Security.Principal.WindowsIdentity]::GetCurrent().Name
    }
}

# Parents before children, siblings by their ordinals. Of a value on the first level the parent is the list itself, which is told as none.
function Add-Value {
    param([System.Collections.ArrayList] $Values, [array] $All, $Above, $Top)
    foreach ($value in @($All | Where-Object { $_.Parent.Id -eq $Above.Id } | Sort-Object -Property Ordinal)) {
        $parent = $null
        if ($Above.Id -ne $Top.Id) { $parent = [string] $Above.Id }
        [void] $Values.Add([pscustomobject][ordered]@{
            id = [string] $value.Id; name = $value.Name; label = $value.DisplayName; parent = $parent; ordinal = [double] $value.Ordinal
        })
        Add-Value -Values $Values -All $All -Above $value -Top $Top
    }
}

function Read-List {
    Connect-ServiceManager
    $lists = @{}
    foreach ($name in $script:Enumerations.Keys) {
        $root = Get-Definition -Kind 'enumeration' -Name $script:Enumerations[$name]
        $all = @(Get-SCSMChildEnumeration -Enumeration $root -Depth Recursive -SCSMSession $script:Session -ErrorAction Stop)
        $values = New-Object System.Collections.ArrayList
        Add-Value -Values $values -All $all -Above $root -Top $root
        $lists[$name] = $values.ToArray()
    }
    return $lists
}

function Read-Template {
    Connect-ServiceManager
    foreach ($template in @(Get-SCSMObjectTemplate -SCSMSession $script:Session -ErrorAction Stop)) {
        $target = $template.TypeID.GetElement().Name
        foreach ($type in $script:Projections.Keys) {
            if ($target -eq $script:Projections[$type]) {
                [pscustomobject][ordered]@{ id = [string] $template.Id; name = $template.Name; label = $template.DisplayName; workItemType = $type }
            }
        }
    }
}

function Read-Object {
    param([string] $Class, [string] $Criteria, [string] $SortBy, [int] $Max)
    $definition = Get-Definition -Kind 'class' -Name $Class
    $query = New-Object Microsoft.EnterpriseManagement.Common.EnterpriseManagementObjectCriteria $Criteria, $definition
    return @(Get-SCSMObject -Criteria $query -SortBy $SortBy -MaxCount $Max -SCSMSession $script:Session -ErrorAction Stop)
}

function Find-Computer {
    param([string] $Name)
    Connect-ServiceManager
    foreach ($computer in @(Read-Object -Class 'Microsoft.Windows.Computer' -Criteria (New-ComputerCriteria -Name $Name) -SortBy 'PrincipalName' -Max 50)) {
        [pscustomobject][ordered]@{
            id = [string] (Get-Sdk $computer).Id; displayName = $computer.DisplayName; principalName = $computer.PrincipalName; netbiosName = $computer.NetbiosComputerName
        }
    }
}

function New-Computer {
    param([string] $Name)
    Connect-ServiceManager
    $class = Get-Definition -Kind 'class' -Name 'Microsoft.Windows.Computer'
    $properties = @{ PrincipalName = $Name; DisplayName = $Name; NetbiosComputerName = $Name.Split('.')[0]; DNSName = $Name }
    New-SCSMObject -Class $class -PropertyHashtable $properties -SCSMSession $script:Session -ErrorAction Stop | Out-Null
    return (Find-Computer -Name $Name)
}

# The SDK object behind what SMLets hands out: the adapted one has a property Id of its own (IR123), which hides the object's.
function Get-Sdk {
    param($Object)
    return $Object.PSObject.BaseObject
}

function New-Row {
    param([string] $Type, $Object)
    $sdk = Get-Sdk $Object
    # LastModified comes in UTC, of unspecified kind.
    $modified = [datetime]::SpecifyKind($sdk.LastModified, [System.DateTimeKind]::Utc)
    $key = $null
    if ($Type -eq 'incident') { $key = Get-PropertyValue -Sdk $sdk -Name $script:Options.CorrelationProperty }
    $status = Get-PropertyValue -Sdk $sdk -Name 'Status'
    $closed = $null -ne $status -and @('IncidentStatusEnum.Closed', 'ChangeStatusEnum.Closed') -contains $status.Name
    return [pscustomobject]@{ Id = [string] (Get-PropertyValue -Sdk $sdk -Name 'Id'); LastModified = $modified; Key = $key; Closed = $closed; Object = $Object }
}

# A property of an SDK object by its name in whatever class of the object's line declares it.
function Get-PropertyValue {
    param($Sdk, [string] $Name)
    return $Sdk.Item($null, $Name).Value
}

function Read-Row {
    param([string] $Type, [string] $Criteria, [int] $Max)
    Connect-ServiceManager
    foreach ($object in @(Read-Object -Class $script:Classes[$Type] -Criteria $Criteria -SortBy 'LastModified' -Max $Max)) { New-Row -Type $Type -Object $object }
}

function Find-Row {
    param([string] $Type, [string] $Id)
    Connect-ServiceManager
    $found = @(Read-Object -Class $script:Classes[$Type] -Criteria (New-EqualsCriteria -Property 'Id' -Value $Id) -SortBy 'LastModified' -Max 2)
    if ($found.Count -eq 1) { return (New-Row -Type $Type -Object $found[0]) }
    return $null
}

# A value as JSON takes it.
function Format-Value {
    param($Value)
    if ($null -eq $Value) { return $null }
    if ($Value -is [datetime]) { return (Format-Instant $Value) }
    if ($Value -is [Microsoft.EnterpriseManagement.Configuration.ManagementPackEnumeration]) {
        return [ordered]@{ id = [string] $Value.Id; name = $Value.Name; label = $Value.DisplayName }
    }
    return $Value
}

# Related objects over a relationship, as SMLets adapts them.
function Get-Related {
    param($Sdk, [string] $Relationship)
    $definition = Get-Definition -Kind 'relationship' -Name $Relationship
    return @(Get-SCSMRelatedObject -SMObject $Sdk -Relationship $definition -SCSMSession $script:Session -ErrorAction Stop)
}

function Show-Row {
    param([string] $Type, $Row)
    $sdk = Get-Sdk $Row.Object
    $item = [ordered]@{ id = $Row.Id; baseId = [string] $sdk.Id }
    foreach ($name in $script:Told[$Type].Keys) { $item[$name] = Format-Value (Get-PropertyValue -Sdk $sdk -Name $script:Told[$Type][$name]) }
    foreach ($name in $script:People.Keys) {
        $people = @(Get-Related -Sdk $sdk -Relationship $script:People[$name])
        $item[$name] = $null
        if ($people.Count -gt 0) { $item[$name] = $people[0].DisplayName }
    }
    $item['computers'] = @(Get-Related -Sdk $sdk -Relationship 'System.WorkItemAboutConfigItem' | ForEach-Object {
            # Affected items may be other things than computers; those have no principal name.
            $principal = $_.PSObject.Properties['PrincipalName']
            if ($null -ne $principal) { $principal.Value }
        })
    $extensions = [ordered]@{}
    if ($Type -eq 'incident') {
        foreach ($name in @($script:Options.ExtensionProperties)) { $extensions[$name] = Format-Value (Get-PropertyValue -Sdk $sdk -Name $name) }
    }
    $item['properties'] = $extensions
    return $item
}

# Logs of a work item, by relationship.
$script:Logs = [ordered]@{
    'System.WorkItem.TroubleTicketHasAnalystComment' = 'analyst'
    'System.WorkItem.TroubleTicketHasUserComment'    = 'user'
    'System.WorkItem.TroubleTicketHasActionLog'      = 'action'
}

function Read-Comment {
    param([string] $Type, $Row)
    $found = New-Object System.Collections.ArrayList
    foreach ($relationship in $script:Logs.Keys) {
        foreach ($entry in @(Get-Related -Sdk (Get-Sdk $Row.Object) -Relationship $relationship)) {
            $kind = $script:Logs[$relationship]
            $text = ''
            $private = $false
            if ($kind -eq 'action') { $text = [string] $entry.Description } else { $text = [string] $entry.Comment }
            if ($kind -eq 'analyst') { $private = [bool] $entry.IsPrivate }
            [void] $found.Add([ordered]@{
                id = [string] (Get-Sdk $entry).Id; kind = $kind; text = $text; enteredBy = [string] $entry.EnteredBy
                entered = (Format-Instant $entry.EnteredDate); private = $private
            })
        }
    }
    return @($found | Sort-Object -Property { $_['entered'] })
}

# Lists are written as their values, everything else as it is.
function ConvertTo-SdkValue {
    param([string] $Name, $Value)
    $rule = (Get-IncidentProperty)[$Name]
    if ($null -ne $Value -and $null -ne $rule -and $rule.Kind -eq 'enum') { return $script:Session.EntityTypes.GetEnumeration([guid] $Value) }
    return $Value
}

# Template, properties and key in one commit, as the console does it: a projection with the class as its seed.
function New-Incident {
    param([hashtable] $Properties, $TemplateId)
    Connect-ServiceManager
    $class = Get-Definition -Kind 'class' -Name $script:Classes['incident']
    $projection = New-Object Microsoft.EnterpriseManagement.ConnectorFramework.EnterpriseManagementObjectProjection $script:Session, $class
    if ($null -ne $TemplateId) {
        $template = Get-SCSMObjectTemplate -Id ([guid] $TemplateId) -SCSMSession $script:Session -ErrorAction Stop
        $projection.ApplyTemplate($template)
    }
    # After the template, which sets title and description too.
    $sdk = $projection.Object
    $sdk.Item($class, 'Id').Value = $script:Options.IncidentId
    foreach ($name in $Properties.Keys) { $sdk.Item($null, $name).Value = ConvertTo-SdkValue -Name $name -Value $Properties[$name] }
    foreach ($needed in @{ Status = 'IncidentStatusEnum.Active'; CreatedDate = $null }.GetEnumerator()) {
        if ($null -ne $sdk.Item($null, $needed.Key).Value) { continue }
        $value = [datetime]::UtcNow
        if ($null -ne $needed.Value) { $value = Get-Definition -Kind 'enumeration' -Name $needed.Value }
        $sdk.Item($null, $needed.Key).Value = $value
    }
    $projection.Commit()
    # The server has put the number in by now; the object in memory still says {0}.
    return (New-Row -Type 'incident' -Object (Get-SCSMObject -Id $sdk.Id -SCSMSession $script:Session -ErrorAction Stop))
}

# Commit, not Set-SCSMObject: that overwrites what somebody else has changed since the row was read, Commit fails.
function Update-Row {
    param($Row, [hashtable] $Properties)
    Connect-ServiceManager
    $sdk = Get-Sdk $Row.Object
    foreach ($name in $Properties.Keys) { $sdk.Item($null, $name).Value = ConvertTo-SdkValue -Name $name -Value $Properties[$name] }
    $sdk.Commit()
    return (Find-Row -Type 'incident' -Id $Row.Id)
}

function Add-Link {
    param($Row, [string] $ComputerId)
    $about = Get-Definition -Kind 'relationship' -Name 'System.WorkItemAboutConfigItem'
    $computer = Get-Sdk (Get-SCSMObject -Id ([guid] $ComputerId) -SCSMSession $script:Session -ErrorAction Stop)
    New-SCSMRelationshipObject -Relationship $about -Source (Get-Sdk $Row.Object) -Target $computer -Bulk -SCSMSession $script:Session -ErrorAction Stop
}

# Appends to the analyst log: an object of its own, related to the incident by one commit.
function Add-Comment {
    param($Row, [string] $Text, [bool] $Private)
    $entered = [datetime]::UtcNow
    $by = [System.Security.Principal.WindowsIdentity]::GetCurrent().Name
    $id = [guid]::NewGuid().ToString()
    $class = Get-Definition -Kind 'class' -Name 'System.WorkItem.TroubleTicket.AnalystCommentLog'
    $log = New-Object Microsoft.EnterpriseManagement.Common.CreatableEnterpriseManagementObject $script:Session, $class
    $values = @{ Id = $id; DisplayName = $id; Comment = $Text; EnteredBy = $by; EnteredDate = $entered; IsPrivate = $Private }
    foreach ($name in $values.Keys) { $log.Item($null, $name).Value = $values[$name] }
    $relationship = Get-Definition -Kind 'relationship' -Name 'System.WorkItem.TroubleTicketHasAnalystComment'
    $link = New-Object Microsoft.EnterpriseManagement.Common.CreatableEnterpriseManagementRelationshipObject $script:Session, $relationship
    $link.SetSource((Get-Sdk $Row.Object))
    $link.SetTarget($log)
    # Both in one commit: an entry without its incident would be seen by nobody.
    $data = New-Object Microsoft.EnterpriseManagement.ConnectorFramework.IncrementalDiscoveryData
    $data.Add($log)
    $data.Add($link)
    $data.Commit($script:Session)
    return [ordered]@{ id = [string] $log.Id; kind = 'analyst'; text = $Text; enteredBy = $by; entered = (Format-Instant $entered); private = $Private }
}

# $Options: Server, Language (three letters), IncidentId (such as IR{0}: the server puts the number in), CorrelationProperty,
# ExtensionProperties.
function New-ServiceManagerDesk {
    param([Parameter(Mandatory = $true)][hashtable] $Options)
    $script:Options = $Options
    Import-Module SMLets -ErrorAction Stop
    return @{
        Health         = { Read-Health }
        Lists          = { Read-List }
        Templates      = { Read-Template }
        FindComputers  = { param($name) Find-Computer -Name $name }
        CreateComputer = { param($name) New-Computer -Name $name }
        Read           = { param($type, $criteria, $max) Read-Row -Type $type -Criteria $criteria -Max $max }
        Find           = { param($type, $id) Find-Row -Type $type -Id $id }
        Describe       = { param($type, $row) Show-Row -Type $type -Row $row }
        Comments       = { param($type, $row) Read-Comment -Type $type -Row $row }
        Create         = { param($properties, $templateId) New-Incident -Properties $properties -TemplateId $templateId }
        Update         = { param($row, $properties) Update-Row -Row $row -Properties $properties }
        Link           = { param($row, $computerId) Add-Link -Row $row -ComputerId $computerId }
        Comment        = { param($row, $text, $private) Add-Comment -Row $row -Text $text -Private $private }
    }
}

Export-ModuleMember -Function @(
    'New-ServiceManagerDesk'
)
