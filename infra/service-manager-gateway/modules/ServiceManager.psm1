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
        category = 'Category'; area = 'Area'; reason = 'Reason'; created = 'CreatedDate'; requiredBy = 'RequiredBy'
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

function Read-List {
    Connect-ServiceManager
    $lists = @{}
    foreach ($name in $script:Enumerations.Keys) {
        $root = Get-Definition -Kind 'enumeration' -Name $script:Enumerations[$name]
        $values = New-Object System.Collections.ArrayList
        foreach ($value in @(Get-SCSMChildEnumeration -Enumeration $root -Depth Recursive -SCSMSession $script:Session -ErrorAction Stop)) {
            $parent = [string] $value.Parent.Id
            # Of a value on the first level the parent is the list itself.
            if ($parent -eq [string] $root.Id) { $parent = $null }
            [void] $values.Add([pscustomobject][ordered]@{
                id = [string] $value.Id; name = $value.Name; label = $value.DisplayName; parent = $parent; ordinal = [double] $value.Ordinal
            })
        }
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
    foreach ($computer in @(Read-Object -Class 'Microsoft.Windows.Computer' -Criteria (New-ComputerCriteria -Name $Name) -SortBy 'PrincipalName' -Max 10)) {
        [pscustomobject][ordered]@{
            id = [string] $computer.get_Id(); displayName = $computer.DisplayName; principalName = $computer.PrincipalName; netbiosName = $computer.NetbiosComputerName
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
    param($Object)
    $sdk = Get-Sdk $Object
    # LastModified comes in UTC, of unspecified kind.
    $modified = [datetime]::SpecifyKind($sdk.LastModified, [System.DateTimeKind]::Utc)
    return [pscustomobject]@{ Id = [string] $sdk.Item($null, 'Id').Value; LastModified = $modified; Object = $Object }
}

function Read-Row {
    param([string] $Type, [string] $Criteria, [int] $Max)
    Connect-ServiceManager
    foreach ($object in @(Read-Object -Class $script:Classes[$Type] -Criteria $Criteria -SortBy 'LastModified' -Max $Max)) { New-Row $object }
}

function Find-Row {
    param([string] $Type, [string] $Id)
    Connect-ServiceManager
    $found = @(Read-Object -Class $script:Classes[$Type] -Criteria (New-EqualsCriteria -Property 'Id' -Value $Id) -SortBy 'LastModified' -Max 2)
    if ($found.Count -eq 1) { return (New-Row $found[0]) }
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

function Show-Row {
    param([string] $Type, $Row)
    $sdk = Get-Sdk $Row.Object
    $item = [ordered]@{ id = $Row.Id; baseId = [string] $sdk.Id }
    foreach ($name in $script:Told[$Type].Keys) { $item[$name] = Format-Value ($sdk.Item($null, $script:Told[$Type][$name]).Value) }
    foreach ($name in $script:People.Keys) {
        $relationship = Get-Definition -Kind 'relationship' -Name $script:People[$name]
        $people = @(Get-SCSMRelatedObject -SMObject $sdk -Relationship $relationship -SCSMSession $script:Session -ErrorAction Stop)
        $item[$name] = $null
        if ($people.Count -gt 0) { $item[$name] = $people[0].DisplayName }
    }
    $about = Get-Definition -Kind 'relationship' -Name 'System.WorkItemAboutConfigItem'
    $computers = @(Get-SCSMRelatedObject -SMObject $sdk -Relationship $about -SCSMSession $script:Session -ErrorAction Stop)
    $item['computers'] = @($computers | ForEach-Object { $_.DisplayName })
    $item['lastModified'] = Format-Instant $Row.LastModified
    return $item
}

# Lists are written as their values, everything else as it is.
function ConvertTo-SdkValue {
    param([string] $Name, $Value)
    $rule = (Get-IncidentProperty)[$Name]
    if ($null -ne $Value -and $null -ne $rule -and $rule.Kind -eq 'list') { return $script:Session.EntityTypes.GetEnumeration([guid] $Value) }
    return $Value
}

function New-Incident {
    param([hashtable] $Properties, $TemplateId)
    Connect-ServiceManager
    $values = @{ Id = $script:Options.IncidentId }
    foreach ($name in $Properties.Keys) { $values[$name] = ConvertTo-SdkValue -Name $name -Value $Properties[$name] }
    # Without these three the server takes the incident and nobody can work with it.
    if ($null -eq $TemplateId) {
        $defaults = @{
            Status = 'IncidentStatusEnum.Active'
            Impact = 'System.WorkItem.TroubleTicket.ImpactEnum.Medium'
            Urgency = 'System.WorkItem.TroubleTicket.UrgencyEnum.Medium'
        }
        foreach ($name in $defaults.Keys) {
            if (-not $values.ContainsKey($name)) { $values[$name] = Get-Definition -Kind 'enumeration' -Name $defaults[$name] }
        }
    }
    $class = Get-Definition -Kind 'class' -Name $script:Classes['incident']
    $created = New-SCSMObject -Class $class -PropertyHashtable $values -PassThru -SCSMSession $script:Session -ErrorAction Stop
    $row = New-Row $created
    if ($null -ne $TemplateId) {
        # The template overwrites title and description; so the caller's own values are written once more afterwards.
        $template = Get-SCSMObjectTemplate -Id ([guid] $TemplateId) -SCSMSession $script:Session -ErrorAction Stop
        $filter = "Id -eq '$($row.Id)'"
        $projection = Get-SCSMObjectProjection -ProjectionName ($script:Projections['incident'] + '$') -Filter $filter -SCSMSession $script:Session -ErrorAction Stop
        Set-SCSMObjectTemplate -Projection $projection -Template $template -SCSMSession $script:Session -ErrorAction Stop | Out-Null
        $row = Update-Row -Row (Find-Row -Type 'incident' -Id $row.Id) -Properties $Properties
    }
    return $row
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

function Add-Comment {
    param($Row, [string] $Text)
    Set-SCSMIncident -ID $Row.Id -Comment $Text -SCSMSession $script:Session -ErrorAction Stop
}

# $Options: Server, Language (three letters), IncidentId (such as IR{0}: the server puts the number in).
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
        Create         = { param($properties, $templateId) New-Incident -Properties $properties -TemplateId $templateId }
        Update         = { param($row, $properties) Update-Row -Row $row -Properties $properties }
        Link           = { param($row, $computerId) Add-Link -Row $row -ComputerId $computerId }
        Comment        = { param($row, $text) Add-Comment -Row $row -Text $text }
    }
}

Export-ModuleMember -Function @(
    'New-ServiceManagerDesk'
)
