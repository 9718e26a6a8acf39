# Creating and changing incidents: exactly one for each Idempotency-Key, and never over somebody else's change.
# What has to be done at Service Manager is asked of $Desk (see Operations.psm1).
Set-StrictMode -Version 2

# POST /v1/incidents
function New-GatewayIncident {
    param([hashtable] $Desk, [hashtable] $Settings, [hashtable] $Request, [scriptblock] $Now)
    $key = $Request.Headers['idempotency-key']
    if (-not $key) { Stop-WithProblem -Code 'bad_request' -Detail 'the header Idempotency-Key is missing' }
    $hash = Get-Sha256 -Text ([string] $Request.Body)
    $directory = $Settings.StateDirectory
    $record = Get-KeyRecord -Directory $directory -Key $key
    if ($null -ne $record) {
        if ($record.requestHash -and $record.requestHash -cne $hash) {
            Stop-WithProblem -Code 'key_reused' -Detail 'this Idempotency-Key was used with another body'
        }
        if ($record.state -eq 'done') {
            return @{ Status = 200; Headers = @{ 'Content-Type' = 'application/json; charset=utf-8' }; Body = $record.body }
        }
    }
    $body = Read-JsonBody $Request.Body
    $draft = Read-Draft -Desk $Desk -Settings $Settings -Body $body
    $correlation = [string] (Get-JsonMember -Object $body -Name 'correlationKey')
    if ($correlation -eq '') { $correlation = $key }
    # Left behind by a crash between creating and writing it down, or the file was lost: the incident itself knows its key.
    $criteria = New-EqualsCriteria -Property $Settings.CorrelationProperty -Value $correlation
    $found = @(& $Desk.Read 'incident' $criteria 1)
    $status = 201
    if ($found.Count -gt 0) {
        $row = $found[0]
        $status = 200
    } else {
        $draft.Properties[$Settings.CorrelationProperty] = $correlation
        Save-KeyRecord -Directory $directory -Key $key -State 'pending' -RequestHash $hash -Now (& $Now)
        $row = & $Desk.Create $draft.Properties $draft.TemplateId
    }
    $links = Add-GatewayLink -Desk $Desk -Row $row -Names $draft.Computers -Create ($draft.CreateMissing -and $Settings.CreateComputers)
    $remarks = @()
    if ($draft.Comment -ne '') {
        try { & $Desk.Comment $row $draft.Comment } catch { $remarks += "the comment was not added: $($_.Exception.Message)" }
    }
    # Read again: links, comment and workflows may have moved it on.
    $fresh = & $Desk.Find 'incident' $row.Id
    if ($null -eq $fresh) { $fresh = $row }
    $result = & $Desk.Describe 'incident' $fresh
    $answer = [ordered]@{ id = $fresh.Id; baseId = $result['baseId']; status = $result['status']; lastModified = (Format-Instant $fresh.LastModified) }
    $answer['linked'] = @($links.Linked)
    $answer['notLinked'] = @($links.NotLinked)
    if ($remarks.Count -gt 0) { $answer['remarks'] = @($remarks) }
    $done = New-Answer -Status $status -Body $answer -Headers @{ ETag = (New-ETag -LastModified $fresh.LastModified) }
    Save-KeyRecord -Directory $directory -Key $key -State 'done' -RequestHash $hash -Now (& $Now) -Body $done.Body
    return $done
}

# Everything that can be wrong with a body, found before anything is written.
function Read-Draft {
    param([hashtable] $Desk, [hashtable] $Settings, $Body)
    $extra = @($Settings.ExtensionProperties)
    $properties = Convert-Property -Given (Get-JsonMember -Object $Body -Name 'properties') -Lists (& $Desk.Lists) -Extra $extra
    if (-not $properties.ContainsKey('Title') -or [string]::IsNullOrEmpty($properties['Title'])) {
        Stop-WithProblem -Code 'invalid_value' -Detail 'Title is missing'
    }
    $template = Get-JsonMember -Object $Body -Name 'templateId'
    if ($null -ne $template) {
        $templates = @(& $Desk.Templates | Where-Object { $_.id -eq [string] $template -and $_.workItemType -eq 'incident' })
        if ($templates.Count -eq 0) { Stop-WithProblem -Code 'invalid_value' -Detail "there is no incident template $template" }
    }
    return @{
        Properties    = $properties
        TemplateId    = $template
        Computers     = @(@(Get-JsonMember -Object $Body -Name 'affectedComputers') | Where-Object { $_ })
        CreateMissing = [bool] (Get-JsonMember -Object $Body -Name 'createMissingComputers')
        Comment       = [string] (Get-JsonMember -Object $Body -Name 'comment')
    }
}

# Links computers by name; a computer that cannot be linked is told, and does not stop the incident.
function Add-GatewayLink {
    param([hashtable] $Desk, $Row, [array] $Names, [bool] $Create)
    $linked = @()
    $notLinked = @()
    foreach ($name in $Names) {
        try {
            $found = @(& $Desk.FindComputers ([string] $name))
            if ($found.Count -eq 0 -and $Create) { $found = @(& $Desk.CreateComputer ([string] $name)) }
            if ($found.Count -eq 0) { $notLinked += [ordered]@{ name = $name; reason = 'not_found' }; continue }
            if ($found.Count -gt 1) { $notLinked += [ordered]@{ name = $name; reason = 'ambiguous' }; continue }
            & $Desk.Link $Row $found[0].id | Out-Null
            $linked += $name
        } catch {
            $notLinked += [ordered]@{ name = $name; reason = (Get-ProblemCode -Failure $_.Exception) }
        }
    }
    return @{ Linked = @($linked); NotLinked = @($notLinked) }
}

# PATCH /v1/incidents/{id}
function Set-GatewayIncident {
    param([hashtable] $Desk, [hashtable] $Settings, [hashtable] $Request, [string] $Id)
    $body = Read-JsonBody $Request.Body
    $properties = Convert-Property -Given (Get-JsonMember -Object $body -Name 'properties') -Lists (& $Desk.Lists) -Extra @($Settings.ExtensionProperties)
    $row = Find-GatewayRow -Desk $Desk -Type 'incident' -Id $Id
    $expected = $Request.Headers['if-match']
    if ($expected -and -not (Test-ETag -Header $expected -ETag (New-ETag -LastModified $row.LastModified))) {
        Stop-WithProblem -Code 'conflict' -Detail "$Id was changed at $(Format-Instant $row.LastModified); read it again"
    }
    if ($properties.Count -gt 0) { $row = & $Desk.Update $row $properties }
    $names = @(@(Get-JsonMember -Object $body -Name 'affectedComputers') | Where-Object { $_ })
    $links = Add-GatewayLink -Desk $Desk -Row $row -Names $names -Create $false
    $comment = [string] (Get-JsonMember -Object $body -Name 'comment')
    if ($comment -ne '') { & $Desk.Comment $row $comment | Out-Null }
    $fresh = Find-GatewayRow -Desk $Desk -Type 'incident' -Id $Id
    $answer = & $Desk.Describe 'incident' $fresh
    $answer['linked'] = @($links.Linked)
    $answer['notLinked'] = @($links.NotLinked)
    return New-Answer -Body $answer -Headers @{ ETag = (New-ETag -LastModified $fresh.LastModified) }
}

Export-ModuleMember -Function @(
    'New-GatewayIncident', 'Set-GatewayIncident', 'Add-GatewayLink', 'Read-Draft'
)
