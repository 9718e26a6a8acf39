# Creating and changing incidents: exactly one for each key, and never over somebody else's change.
# What has to be done at Service Manager is asked of $Desk (see Operations.psm1).
Set-StrictMode -Version 2

# POST /v1/incidents
function New-GatewayIncident {
    param([hashtable] $Desk, [hashtable] $Settings, [hashtable] $Request, [scriptblock] $Now)
    $key = [string] $Request.Headers['idempotency-key']
    if ($key -cnotmatch '^[\x21-\x7e]{1,200}$') { Stop-WithProblem -Code 'bad_request' -Detail 'Idempotency-Key has 1 to 200 printable ASCII characters' }
    $hash = Get-Sha256 -Text ([string] $Request.Body)
    $directory = $Settings.StateDirectory
    $record = Get-KeyRecord -Directory $directory -Key $key
    if ($null -ne $record) {
        if ($record.requestHash -and $record.requestHash -cne $hash) { Stop-WithProblem -Code 'key_reused' -Detail 'this Idempotency-Key was used with another body' }
        if ($record.state -eq 'done') {
            return @{ Status = 200; Headers = @{ 'Content-Type' = 'application/json; charset=utf-8'; 'Idempotent-Replayed' = 'true' }; Body = $record.body }
        }
    }
    $body = Read-JsonBody $Request.Body
    $correlation = [string] (Get-JsonMember -Object $body -Name 'correlationKey')
    if ($correlation -eq '') { $correlation = $key }
    if (-not (Test-CorrelationKey -Key $correlation)) { Stop-WithProblem -Code 'bad_request' -Detail 'correlationKey has 1 to 100 letters, digits and - _ . :' }
    $draft = Read-Draft -Desk $Desk -Settings $Settings -Body $body
    # Left behind by a crash between creating and writing it down, or the file was lost: the incident itself knows its key.
    $found = @(Find-KeyedRow -Desk $Desk -Settings $Settings -Key $correlation)
    $adopted = $found.Count -gt 0
    if ($adopted) {
        $row = $found[0]
    } else {
        $draft.Properties[$Settings.CorrelationProperty] = $correlation
        Save-KeyRecord -Directory $directory -Key $key -State 'pending' -RequestHash $hash -Now (& $Now)
        try {
            $row = & $Desk.Create $draft.Properties $draft.TemplateId
        } catch {
            # Certain not to have been done: the key is free again. Otherwise it stays, and the next try looks the incident up.
            if ((Get-Outcome -Code (Get-ProblemCode -Failure $_.Exception)) -eq 'not_done') { Remove-KeyRecord -Directory $directory -Key $key }
            throw
        }
    }
    $links = Add-GatewayLink -Desk $Desk -Row $row -Names $draft.Computers -Create ($draft.CreateMissing -and $Settings.CreateComputers)
    $comment = Add-GatewayComment -Desk $Desk -Row $row -Text $draft.Comment -OnlyIfMissing $adopted
    # Read again: links, comment and workflows may have moved it on.
    $fresh = & $Desk.Find 'incident' $row.Id
    if ($null -eq $fresh) { $fresh = $row }
    $item = Show-GatewayItem -Desk $Desk -Type 'incident' -Row $fresh
    $answer = [ordered]@{
        id = $item['id']; baseId = $item['baseId']; status = $item['status']; lastModified = $item['lastModified']; etag = $item['etag']
        linked = @($links.Linked); notLinked = @($links.NotLinked); comment = $comment; adopted = $adopted
    }
    $status = 201
    if ($adopted) { $status = 200 }
    $done = New-Answer -Status $status -Body $answer -Headers @{ ETag = $item['etag']; Location = "/v1/incidents/$($item['id'])" }
    Save-KeyRecord -Directory $directory -Key $key -State 'done' -RequestHash $hash -Now (& $Now) -Body $done.Body
    return $done
}

# Names of computers in a body, at most 50.
function Read-ComputerName {
    param($Body)
    $names = @(@(Get-JsonMember -Object $Body -Name 'affectedComputers') | Where-Object { $_ })
    if ($names.Count -gt 50) { Stop-WithProblem -Code 'invalid_value' -Detail 'at most 50 computers' -Extra @{ property = 'affectedComputers' } }
    return $names
}

# The comment of a body, empty when there is none.
function Read-CommentText {
    param($Body, [string] $Name)
    $text = [string] (Get-JsonMember -Object $Body -Name $Name)
    if ($text.Length -gt 4000) { Stop-WithProblem -Code 'invalid_value' -Detail 'a comment has at most 4000 characters' -Extra @{ property = $Name; maxLength = 4000 } }
    return $text
}

# Everything that can be wrong with a body, found before anything is written.
function Read-Draft {
    param([hashtable] $Desk, [hashtable] $Settings, $Body)
    $given = Get-JsonMember -Object $Body -Name 'properties'
    $properties = Convert-Property -Given $given -Lists (& $Desk.Lists) -Extra @($Settings.ExtensionProperties) -KeyProperty $Settings.CorrelationProperty
    $needed = @('Title')
    $template = Get-JsonMember -Object $Body -Name 'templateId'
    if ($null -ne $template) {
        $templates = @(& $Desk.Templates | Where-Object { $_.id -eq [string] $template -and $_.workItemType -eq 'incident' })
        if ($templates.Count -eq 0) { Stop-WithProblem -Code 'invalid_value' -Detail "there is no incident template $template" -Extra @{ property = 'templateId' } }
    } else {
        $needed += 'Impact', 'Urgency'
    }
    foreach ($name in $needed) {
        if (-not $properties.ContainsKey($name) -or [string]::IsNullOrEmpty([string] $properties[$name])) {
            Stop-WithProblem -Code 'invalid_value' -Detail "$name is missing" -Extra @{ property = $name }
        }
    }
    return @{
        Properties    = $properties
        TemplateId    = $template
        Computers     = @(Read-ComputerName -Body $Body)
        CreateMissing = [bool] (Get-JsonMember -Object $Body -Name 'createMissingComputers')
        Comment       = (Read-CommentText -Body $Body -Name 'comment')
    }
}

# Links computers by name or id; a computer that cannot be linked is told, and does not stop the incident.
function Add-GatewayLink {
    param([hashtable] $Desk, $Row, [array] $Names, [bool] $Create)
    $linked = @()
    $notLinked = @()
    foreach ($name in $Names) {
        try {
            $id = [guid]::Empty
            if ([guid]::TryParse([string] $name, [ref] $id)) {
                & $Desk.Link $Row ([string] $id) | Out-Null
                $linked += [string] $name
                continue
            }
            $found = @(Find-GatewayComputer -Desk $Desk -Name ([string] $name))
            if ($found.Count -eq 0 -and $Create) { $found = @(& $Desk.CreateComputer ([string] $name)) }
            if ($found.Count -eq 0) { $notLinked += [ordered]@{ name = $name; reason = 'not_found' }; continue }
            if ($found.Count -gt 1) { $notLinked += [ordered]@{ name = $name; reason = 'ambiguous' }; continue }
            & $Desk.Link $Row $found[0].id | Out-Null
            $linked += $found[0].principalName
        } catch {
            $notLinked += [ordered]@{ name = $name; reason = (Get-ProblemCode -Failure $_.Exception) }
        }
    }
    return @{ Linked = @($linked); NotLinked = @($notLinked) }
}

# Appends a comment after the commit is done; that it failed is told and undoes nothing.
function Add-GatewayComment {
    param([hashtable] $Desk, $Row, [string] $Text, [bool] $OnlyIfMissing)
    if ($Text -eq '') { return [ordered]@{ added = $false; reason = $null } }
    try {
        if ($OnlyIfMissing -and @(& $Desk.Comments 'incident' $Row | Where-Object { $_['text'] -ceq $Text }).Count -gt 0) {
            return [ordered]@{ added = $false; reason = $null }
        }
        & $Desk.Comment $Row $Text $false | Out-Null
    } catch {
        return [ordered]@{ added = $false; reason = (Get-ProblemCode -Failure $_.Exception) }
    }
    return [ordered]@{ added = $true; reason = $null }
}

# What a transition sets; an empty hashtable for one that changes nothing.
function Get-Transition {
    param([hashtable] $Lists, $Row, [hashtable] $Item, $Body, [datetime] $Now)
    $transition = Get-JsonMember -Object $Body -Name 'transition'
    $category = Get-JsonMember -Object $Body -Name 'resolutionCategory'
    $description = Get-JsonMember -Object $Body -Name 'resolutionDescription'
    if ($transition -cne 'resolve' -and ($null -ne $category -or $null -ne $description)) {
        Stop-WithProblem -Code 'bad_request' -Detail 'resolutionCategory and resolutionDescription belong to the transition resolve'
    }
    $status = $null
    if ($null -ne $Item['status']) { $status = [string] $Item['status']['name'] }
    $values = @($Lists['incident.status'])
    if ($transition -ceq 'resolve') {
        $set = @{ Status = (Resolve-ListValue -Property 'Status' -Given 'IncidentStatusEnum.Resolved' -Values $values) }
        if ($status -ne 'IncidentStatusEnum.Resolved') { $set['ResolvedDate'] = $Now }
        $given = New-Object PSObject
        if ($null -ne $category) { $given | Add-Member -NotePropertyName 'ResolutionCategory' -NotePropertyValue $category }
        if ($null -ne $description) { $given | Add-Member -NotePropertyName 'ResolutionDescription' -NotePropertyValue $description }
        $more = Convert-Property -Given $given -Lists $Lists
        foreach ($name in $more.Keys) { $set[$name] = $more[$name] }
        return $set
    }
    if ($transition -ceq 'reopen') {
        if ($status -ne 'IncidentStatusEnum.Resolved') { return @{} }
        $active = Resolve-ListValue -Property 'Status' -Given 'IncidentStatusEnum.Active' -Values $values
        return @{ Status = $active; ResolvedDate = $null; ResolutionCategory = $null; ResolutionDescription = $null }
    }
    if ($null -ne $transition) { Stop-WithProblem -Code 'bad_request' -Detail 'transition is resolve or reopen' }
    return @{}
}

# Stops for a closed incident, which takes no change, no link and no comment.
function Test-Writable {
    param($Row)
    if ($Row.Closed) { Stop-WithProblem -Code 'read_only' -Detail "$($Row.Id) is closed" }
}

# PATCH /v1/incidents/{id}
function Set-GatewayIncident {
    param([hashtable] $Desk, [hashtable] $Settings, [hashtable] $Request, [string] $Id, [scriptblock] $Now)
    $body = Read-JsonBody $Request.Body
    if (@($body.PSObject.Properties).Count -eq 0) { Stop-WithProblem -Code 'bad_request' -Detail 'the body says nothing' }
    $lists = & $Desk.Lists
    $given = Get-JsonMember -Object $body -Name 'properties'
    $wanted = Convert-Property -Given $given -Lists $lists -Extra @($Settings.ExtensionProperties) -KeyProperty $Settings.CorrelationProperty
    $names = @(Read-ComputerName -Body $body)
    $text = Read-CommentText -Body $body -Name 'comment'
    $row = Find-GatewayRow -Desk $Desk -Type 'incident' -Id $Id
    Test-Writable -Row $row
    $item = Show-GatewayItem -Desk $Desk -Type 'incident' -Row $row
    $expected = $Request.Headers['if-match']
    if ($expected -and -not (Test-ETag -Header $expected -ETag $item['etag'])) {
        Stop-WithProblem -Code 'conflict' -Detail "$Id was changed at $($item['lastModified']); read it again"
    }
    $known = @{ status = $item['status'] }
    $set = Get-Transition -Lists $lists -Row $row -Item $known -Body $body -Now (& $Now)
    foreach ($name in $wanted.Keys) { if (-not $set.ContainsKey($name)) { $set[$name] = $wanted[$name] } }
    if ($set.Count -gt 0) { $row = & $Desk.Update $row $set }
    $links = Add-GatewayLink -Desk $Desk -Row $row -Names $names -Create $false
    $comment = Add-GatewayComment -Desk $Desk -Row $row -Text $text -OnlyIfMissing $false
    $answer = Show-GatewayItem -Desk $Desk -Type 'incident' -Row (Find-GatewayRow -Desk $Desk -Type 'incident' -Id $Id)
    $answer['linked'] = @($links.Linked)
    $answer['notLinked'] = @($links.NotLinked)
    $answer['comment'] = $comment
    return New-Answer -Body $answer -Headers @{ ETag = $answer['etag'] }
}

# POST /v1/incidents/{id}/comments
function New-GatewayComment {
    param([hashtable] $Desk, [hashtable] $Request, [string] $Id)
    $body = Read-JsonBody $Request.Body
    $text = Read-CommentText -Body $body -Name 'text'
    if ($text -eq '') { Stop-WithProblem -Code 'invalid_value' -Detail 'text is missing' -Extra @{ property = 'text' } }
    $row = Find-GatewayRow -Desk $Desk -Type 'incident' -Id $Id
    Test-Writable -Row $row
    return New-Answer -Status 201 -Body (& $Desk.Comment $row $text ([bool] (Get-JsonMember -Object $body -Name 'private')))
}

Export-ModuleMember -Function @('New-GatewayIncident', 'Set-GatewayIncident', 'New-GatewayComment', 'Add-GatewayLink', 'Read-Draft', 'Get-Transition')
