# Which properties a caller may set and what each one takes: a text with a length, a value of a list, a number, a switch, an instant.
# Nothing here knows Service Manager or the network.
Set-StrictMode -Version 2

# Names are Service Manager's own. List: the name in /v1/metadata.
$script:Incident = @{
    Title                 = @{ Kind = 'text'; Length = 200 }
    Description           = @{ Kind = 'text'; Length = 4000 }
    ContactMethod         = @{ Kind = 'text'; Length = 255 }
    ResolutionDescription = @{ Kind = 'text'; Length = 4000 }
    Status                = @{ Kind = 'enum'; List = 'incident.status' }
    Impact                = @{ Kind = 'enum'; List = 'incident.impact' }
    Urgency               = @{ Kind = 'enum'; List = 'incident.urgency' }
    Classification        = @{ Kind = 'enum'; List = 'incident.classification' }
    Source                = @{ Kind = 'enum'; List = 'incident.source' }
    TierQueue             = @{ Kind = 'enum'; List = 'incident.tierQueue' }
    ResolutionCategory    = @{ Kind = 'enum'; List = 'incident.resolutionCategory' }
    Escalated             = @{ Kind = 'boolean' }
    ScheduledStartDate    = @{ Kind = 'date' }
    ScheduledEndDate      = @{ Kind = 'date' }
}

# Computed by the server or by the gateway; setting them would look done and not be.
$script:ReadOnly = @('Id', 'Priority', 'DisplayName', 'LastModified', 'TimeAdded', 'CreatedDate', 'ObjectStatus')

# What /v1/metadata tells about the properties, in the order of their names. Only these can be written.
function Get-PropertyDescription {
    param([string[]] $Extra = @(), [string] $KeyProperty = '')
    $described = New-Object System.Collections.ArrayList
    foreach ($name in @($script:Incident.Keys) + @($Extra) | Sort-Object -Unique) {
        $rule = $script:Incident[$name]
        if ($null -eq $rule) { $rule = @{ Kind = 'text'; Length = 4000 } }
        $length = $null
        if ($rule.ContainsKey('Length')) { $length = $rule.Length }
        $list = $null
        if ($rule.ContainsKey('List')) { $list = $rule.List }
        [void] $described.Add([ordered]@{ name = $name; kind = $rule.Kind; maxLength = $length; list = $list; readOnly = ($name -eq $KeyProperty) })
    }
    foreach ($name in $script:ReadOnly | Sort-Object) {
        [void] $described.Add([ordered]@{ name = $name; kind = 'text'; maxLength = $null; list = $null; readOnly = $true })
    }
    return , $described.ToArray()
}

function Get-IncidentProperty {
    return $script:Incident
}

# Turns the "properties" of a body into what the server takes. $Lists: list name -> values. $Extra: names of text properties of a class
# extension that the settings allow.
function Convert-Property {
    param(
        [Parameter(Mandatory = $true)][AllowNull()] $Given,
        [Parameter(Mandatory = $true)][hashtable] $Lists,
        [string[]] $Extra = @(),
        [string] $KeyProperty = ''
    )
    $result = @{}
    if ($null -eq $Given) { return $result }
    if ($Given -isnot [System.Management.Automation.PSCustomObject]) { Stop-WithProblem -Code 'bad_request' -Detail 'properties must be an object' }
    foreach ($entry in $Given.PSObject.Properties) {
        $name = $entry.Name
        if ($script:ReadOnly -contains $name) { Stop-WithProblem -Code 'invalid_value' -Detail "$name is set by Service Manager alone" -Extra @{ property = $name } }
        if ($name -eq $KeyProperty) { Stop-WithProblem -Code 'invalid_value' -Detail "$name holds the correlation key; send it as correlationKey" -Extra @{ property = $name } }
        $rule = $script:Incident[$name]
        if ($null -eq $rule -and $Extra -contains $name) { $rule = @{ Kind = 'text'; Length = 4000 } }
        if ($null -eq $rule) { Stop-WithProblem -Code 'invalid_value' -Detail "$name is no property that this gateway writes" -Extra @{ property = $name } }
        $result[$name] = Convert-Value -Name $name -Rule $rule -Value $entry.Value -Lists $Lists
    }
    return $result
}

function Convert-Value {
    param([string] $Name, [hashtable] $Rule, [AllowNull()] $Value, [hashtable] $Lists)
    if ($null -eq $Value) { return $null }
    switch ($Rule.Kind) {
        'text' {
            $text = [string] $Value
            if ($text.Length -gt $Rule.Length) { Stop-WithProblem -Code 'invalid_value' -Detail "$Name takes $($Rule.Length) characters, not $($text.Length)" -Extra @{ property = $Name; maxLength = $Rule.Length } }
            return $text
        }
        'enum' {
            if ($Value -isnot [string]) { Stop-WithProblem -Code 'invalid_enum' -Detail "$Name takes an id, a name or a label" -Extra @{ property = $Name } }
            return (Resolve-ListValue -Property $Name -Given $Value -Values @($Lists[$Rule.List]))
        }
        'boolean' {
            if ($Value -isnot [bool]) { Stop-WithProblem -Code 'invalid_value' -Detail "$Name takes true or false" -Extra @{ property = $Name } }
            return $Value
        }
        'date' {
            # PowerShell 7 already makes a [datetime] of such a text.
            $instant = $Value
            if ($Value -isnot [datetime]) { $instant = Read-Instant -Text ([string] $Value) }
            if ($null -eq $instant) { Stop-WithProblem -Code 'invalid_value' -Detail "$Name takes an instant such as 2026-09-01T10:00:00Z" -Extra @{ property = $Name } }
            return $instant.ToUniversalTime()
        }
    }
}

Export-ModuleMember -Function @(
    'Get-IncidentProperty', 'Get-PropertyDescription', 'Convert-Property'
)
