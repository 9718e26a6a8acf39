# Tests of everything that needs no Service Manager: powershell.exe -File tests.ps1 (Windows PowerShell 5.1; PowerShell 7 should do too).
# Needs nothing installed. Ends with "N passed, N failed" and exit code 1 when something failed.
Set-StrictMode -Version 2
$ErrorActionPreference = 'Stop'
foreach ($module in 'Answers', 'Authentication', 'Idempotency', 'Criteria', 'Paging', 'Properties', 'Routing', 'Operations', 'Writing') {
    Import-Module (Join-Path $PSScriptRoot "modules/$module.psm1") -DisableNameChecking -Force
}
$script:passed = 0
$script:failed = 0

function Test {
    param([string] $Name, [scriptblock] $Run)
    try {
        & $Run
        $script:passed++
    } catch {
        $script:failed++
        Write-Host "FAILED $Name"
        Write-Host "       $($_.Exception.Message) ($($_.InvocationInfo.ScriptLineNumber))"
    }
}

function Assert-Equal {
    param($Expected, $Actual, [string] $What = '')
    if ($Expected -cne $Actual) { throw "expected '$Expected', found '$Actual' $What" }
}

function Assert-Stops {
    param([string] $Code, [scriptblock] $Run)
    try { & $Run | Out-Null } catch { Assert-Equal $Code (Get-ProblemCode -Failure $_.Exception); return }
    throw "nothing stopped; expected $Code"
}

function New-Instant {
    param([int] $Second, [int] $Millisecond = 0)
    return (New-Object System.DateTime 2026, 9, 1, 10, 0, 0, ([System.DateTimeKind]::Utc)).AddSeconds($Second).AddMilliseconds($Millisecond)
}

# A desk in memory, as strict as the real one where the gateway relies on it.
function New-MemoryDesk {
    $state = @{ Items = (New-Object System.Collections.ArrayList); Creates = 0; Clock = (New-Instant 0); Fail = '' }
    $value = { param($id, $name, $label) [pscustomobject]@{ id = $id; name = $name; label = $label; parent = $null; ordinal = 1 } }
    $ticket = 'System.WorkItem.TroubleTicket'
    $lists = @{
        'incident.impact'             = @((& $value 'd2b5e816-2d24-8e7d-a61f-2cceaeac2664' "$ticket.ImpactEnum.High" 'Hoch'), (& $value '80cc222b-2653-2f68-8cee-3a7dd3b723c1' "$ticket.ImpactEnum.Medium" 'Mittel'))
        'incident.urgency'            = @(& $value '2f8f0747-b6cb-7996-fd4a-84d09743f218' "$ticket.UrgencyEnum.High" 'Hoch')
        'incident.status'             = @((& $value '5e2d3932-ca6d-1515-7310-6f58584df73e' 'IncidentStatusEnum.Active' 'Aktiv'), (& $value '2b8830b6-59f0-f574-9c2a-f4b4682f1681' 'IncidentStatusEnum.Resolved' 'Geloest'))
        'incident.resolutionCategory' = @(& $value '11111111-2222-3333-4444-555555555555' 'IncidentResolutionCategoryEnum.AutoResolved' 'Automatisch')
    }
    $template = [pscustomobject]@{ id = 'a77bb0c9-e201-dd93-230c-799a66d9e8fa'; name = 'Default'; label = 'Default'; workItemType = 'incident' }
    return @{
        State          = $state
        Health         = { if ($state.Fail -eq 'health') { throw 'no connection' }; @{ server = 'scsm01'; serverVersion = '10.22'; user = 'CONTOSO\svc' } }.GetNewClosure()
        Lists          = { $lists }.GetNewClosure()
        Templates      = { $template }.GetNewClosure()
        FindComputers  = {
            param($name)
            foreach ($known in 'web01.contoso.com', 'twin.a.com', 'twin.b.com') {
                $short = $known.Split('.')[0]
                if ($known -eq $name -or $short -eq $name) { [pscustomobject]@{ id = [string] [guid]::NewGuid(); displayName = $known; principalName = $known; netbiosName = $short } }
            }
        }
        CreateComputer = { param($name) [pscustomobject]@{ id = [string] [guid]::NewGuid(); displayName = $name; principalName = $name; netbiosName = $name } }
        Read           = {
            param($type, $criteria, $max)
            $found = @($state.Items | Where-Object { $_.Type -eq $type })
            # As the database does: without regard to case.
            if ($criteria -match "^ContactMethod = '(.*)'$") { $key = $Matches[1]; $found = @($found | Where-Object { $_.Key -eq $key }) }
            if ($criteria -match "^ContactMethod LIKE '(.*)%'$") { $key = $Matches[1]; $found = @($found | Where-Object { ([string] $_.Key).ToLower().StartsWith($key.ToLower()) }) }
            @($found | Sort-Object LastModified | Select-Object -First $max)
        }.GetNewClosure()
        Find           = { param($type, $id) $state.Items | Where-Object { $_.Type -eq $type -and $_.Id -eq $id } | Select-Object -First 1 }.GetNewClosure()
        Describe       = {
            param($type, $row)
            $status = $null
            foreach ($one in $lists['incident.status']) { if ($one.id -eq $row.Properties['Status']) { $status = [ordered]@{ id = $one.id; name = $one.name; label = $one.label } } }
            [ordered]@{ id = $row.Id; baseId = 'x'; title = $row.Properties['Title']; status = $status; computers = @($row.Links) }
        }.GetNewClosure()
        Comments       = { param($type, $row) $row.Comments }
        Create         = {
            param($properties, $templateId)
            $state.Creates++
            if ($state.Fail -eq 'create') { throw 'the connection broke' }
            if ($state.Fail -eq 'refuse') { throw (New-Object System.UnauthorizedAccessException 'not authorized') }
            if (-not $properties.ContainsKey('Status')) { $properties['Status'] = '5e2d3932-ca6d-1515-7310-6f58584df73e' }
            $row = New-MemoryRow -Type 'incident' -Id ('IR' + $state.Creates) -LastModified $state.Clock -Properties $properties
            [void] $state.Items.Add($row)
            $row
        }.GetNewClosure()
        Update         = {
            param($row, $properties)
            foreach ($name in $properties.Keys) { $row.Properties[$name] = $properties[$name] }
            $row
        }
        Link           = { param($row, $computerId) [void] $row.Links.Add($computerId) }
        Comment        = {
            param($row, $text, $private)
            $entry = [ordered]@{ id = [string] [guid]::NewGuid(); kind = 'analyst'; text = $text; enteredBy = 'x'; entered = '2026-09-01T10:00:00Z'; private = $private }
            [void] $row.Comments.Add($entry)
            $entry
        }
    }
}

# Global, because the closures of the desk see nothing else.
function global:New-MemoryRow {
    param([string] $Type, [string] $Id, [datetime] $LastModified, [hashtable] $Properties)
    return [pscustomobject]@{
        Type = $Type; Id = $Id; LastModified = $LastModified; Key = $Properties['ContactMethod']; Closed = $false; Properties = $Properties
        Links = (New-Object System.Collections.ArrayList); Comments = (New-Object System.Collections.ArrayList)
    }
}

function New-Stage {
    $directory = Join-Path ([System.IO.Path]::GetTempPath()) ('sm-gateway-' + [guid]::NewGuid())
    $desk = New-MemoryDesk
    $settings = @{
        StateDirectory = $directory; CorrelationProperty = 'ContactMethod'; ExtensionProperties = @('AzureKey_c'); CriteriaInstantFormat = 'yyyy-MM-dd HH:mm:ss'
        CreateComputers = $false; KeepKeysDays = 30; SettleSeconds = 5; Language = 'DEU'; Version = '1.0'
    }
    $operations = New-OperationTable -Desk $desk -Settings $settings -Now { New-Object System.DateTime 2026, 9, 1, 12, 0, 0, ([System.DateTimeKind]::Utc) }
    return @{ Desk = $desk; Settings = $settings; Operations = $operations }
}

$token = 'a-long-random-token'
$hashes = @((Get-Sha256 -Text 'an-older-token'), (Get-Sha256 -Text $token))

function Send {
    param($Stage, [string] $Method, [string] $Path, [string] $Body = '', [hashtable] $Headers = @{}, [string] $Bearer = 'a-long-random-token')
    $all = @{ authorization = "Bearer $Bearer"; 'content-type' = 'application/json; charset=utf-8' }
    foreach ($name in $Headers.Keys) { $all[$name] = $Headers[$name] }
    $parts = $Path.Split([char[]] '?', 2)
    $query = ''
    if ($parts.Count -gt 1) { $query = $parts[1] }
    $request = @{ Method = $Method; Path = $parts[0]; Query = (Read-Query -Text $query); Headers = $all; Body = $Body }
    return Invoke-Gateway -Request $request -Operations $Stage.Operations -TokenHashes $hashes -RequestId 'r1'
}

Test 'a token is known by its hash, whichever of the two it is' {
    Assert-Equal $true (Test-Bearer -Authorization 'Bearer a-long-random-token' -Hashes $hashes)
    Assert-Equal $true (Test-Bearer -Authorization 'bearer an-older-token' -Hashes $hashes)
    foreach ($wrong in $null, '', 'Bearer', 'Bearer ', 'Bearer a-long-random-toke', 'Basic a-long-random-token', ('Bearer ' + $hashes[1])) {
        Assert-Equal $false (Test-Bearer -Authorization $wrong -Hashes $hashes) "for '$wrong'"
    }
}

Test 'the comparison is right for every position and length' {
    $bytes = [byte[]] (1, 2, 3)
    Assert-Equal $true (Test-EqualInConstantTime -Left $bytes -Right ([byte[]] (1, 2, 3)))
    foreach ($other in @([byte[]] (9, 2, 3)), @([byte[]] (1, 2, 9)), @([byte[]] (1, 2)), @([byte[]] (1, 2, 3, 1))) {
        Assert-Equal $false (Test-EqualInConstantTime -Left $bytes -Right ([byte[]] $other))
    }
}

Test 'instants are read with any offset and written in UTC without needless decimals' {
    Assert-Equal '2026-09-01T10:00:02.2Z' (Format-Instant (Read-Instant '2026-09-01T12:00:02.200+02:00'))
    Assert-Equal '2026-09-01T10:00:00Z' (Format-Instant (Read-Instant '2026-09-01T10:00:00Z'))
    foreach ($wrong in '2026-09-01', '2026-09-01T10:00:00', 'yesterday', "2026-09-01T10:00:00Z' OR 1=1") { Assert-Equal $null (Read-Instant $wrong) }
}

Test 'an ETag names one version' {
    $etag = New-ETag -LastModified (New-Instant 1) -Content 'a'
    Assert-Equal $true (Test-ETag -Header "`"1`", $etag" -ETag $etag)
    Assert-Equal $true (Test-ETag -Header '*' -ETag $etag)
    Assert-Equal $false (Test-ETag -Header (New-ETag -LastModified (New-Instant 1 1) -Content 'a') -ETag $etag)
    Assert-Equal $false (Test-ETag -Header (New-ETag -LastModified (New-Instant 1) -Content 'b') -ETag $etag) 'within one tick'
}

Test 'criteria quote what comes from outside' {
    Assert-Equal "Id = 'IR''1'" (New-EqualsCriteria -Property 'Id' -Value "IR'1")
    Assert-Equal "LastModified >= '2026-09-01 10:00:01'" (New-ChangedSinceCriteria -Since (New-Instant 1 999))
    Assert-Stops 'bad_request' { Format-CriteriaText -Text "a`nb" }
    Assert-Stops 'internal' { New-EqualsCriteria -Property 'Id = 1 OR Id' -Value 'x' }
    Assert-Equal $false (Test-WorkItemId -Id "IR1' OR 'a'='a")
}

Test 'a list value is found by id, name, end of name or label, and by nothing else' {
    $values = @((& (New-MemoryDesk).Lists)['incident.impact'])
    foreach ($given in 'd2b5e816-2d24-8e7d-a61f-2cceaeac2664', 'System.WorkItem.TroubleTicket.ImpactEnum.High', 'high', 'Hoch') {
        Assert-Equal 'd2b5e816-2d24-8e7d-a61f-2cceaeac2664' (Resolve-ListValue -Property 'Impact' -Given $given -Values $values)
    }
    Assert-Stops 'invalid_enum' { Resolve-ListValue -Property 'Impact' -Given 'Highest' -Values $values }
    Assert-Stops 'invalid_enum' { Resolve-ListValue -Property 'Impact' -Given ([string] [guid]::Empty) -Values $values }
}

Test 'a cursor comes back as it was, and a strange one is refused' {
    $back = Read-Cursor -Text (New-Cursor -LastModified (New-Instant 5 7) -Id 'IR77')
    Assert-Equal (New-Instant 5 7) $back.LastModified
    Assert-Equal 'IR77' $back.Id
    foreach ($wrong in 'x', '!!', 'MXwnIE9S', [System.Convert]::ToBase64String([byte[]] (1, 2, 3))) { Assert-Stops 'bad_request' { Read-Cursor -Text $wrong } }
}

Test 'paging sees every row once, in order, whatever the ties and the size of a page' {
    foreach ($limit in 1, 2, 3, 7) {
        $rows = @()
        foreach ($n in 1..40) { $rows += [pscustomobject]@{ Id = 'IR' + (100 - $n); LastModified = (New-Instant ([int][System.Math]::Floor($n / 9))) } }
        $seen = @()
        $after = $null
        for ($turn = 0; $turn -lt 200; $turn++) {
            $max = 4
            while ($true) {
                # As the server does: only whole seconds, ties in no order, at most $max.
                $from = [datetime]::MinValue
                if ($null -ne $after) { $from = $after.LastModified }
                $read = @($rows | Where-Object { $_.LastModified -ge $from } | Sort-Object LastModified | Select-Object -First $max)
                $page = Select-Page -Rows $read -Complete ($read.Count -lt $max) -Since ([datetime]::MinValue) -After $after -Limit $limit
                if (-not $page.NeedMore) { break }
                $max *= 2
            }
            foreach ($row in $page.Rows) { $seen += $row.Id }
            if (-not $page.More) { break }
            $last = $page.Rows[$page.Rows.Count - 1]
            $after = @{ LastModified = $last.LastModified; Id = $last.Id }
        }
        Assert-Equal 40 $seen.Count "rows with pages of $limit"
        Assert-Equal 40 @($seen | Sort-Object -Unique).Count
    }
}

Test 'queries are unescaped and the first of a name counts' {
    $query = Read-Query -Text '?name=web%2001+x&name=other&empty='
    Assert-Equal 'web 01 x' $query['name']
    Assert-Equal '' $query['empty']
}

Test 'without the token nothing is told, not even what exists' {
    $stage = New-Stage
    foreach ($path in '/v1/health', '/v1/nothing') {
        $answer = Send $stage 'GET' $path -Bearer 'wrong'
        Assert-Equal 401 $answer.Status
        Assert-Equal 'unauthorized' (ConvertFrom-Json $answer.Body).code
    }
}

Test 'a path through the relay keeps the name of the hybrid connection before it' {
    Assert-Equal 200 (Send (New-Stage) 'GET' '/scsm/v1/health').Status
}

Test 'strange paths and methods are told apart' {
    $stage = New-Stage
    Assert-Equal 404 (Send $stage 'GET' '/v1/nothing').Status
    Assert-Equal 405 (Send $stage 'DELETE' '/v1/incidents/IR1').Status
    Assert-Equal 404 (Send $stage 'GET' '/v1/incidents/IR1').Status
    Assert-Equal 404 (Send $stage 'GET' "/v1/incidents/IR1'%20OR%201").Status
}

Test 'health tells a broken connection and stays an answer' {
    $stage = New-Stage
    $stage.Desk.State.Fail = 'health'
    $answer = Send $stage 'GET' '/v1/health'
    Assert-Equal 200 $answer.Status
    Assert-Equal 'failed' (ConvertFrom-Json $answer.Body).status
}

Test 'metadata is not sent again to somebody who has it' {
    $stage = New-Stage
    $first = Send $stage 'GET' '/v1/metadata'
    Assert-Equal 'Hoch' (ConvertFrom-Json $first.Body).enums.'incident.impact'[0].label
    Assert-Equal 304 (Send $stage 'GET' '/v1/metadata' -Headers @{ 'if-none-match' = $first.Headers['ETag'] }).Status
    Assert-Equal 200 (Send $stage 'GET' '/v1/metadata' -Headers @{ 'if-none-match' = '"other"' }).Status
}

# Not called $body: names know no case, and Send has a parameter of that name.
$incident = '{"properties":{"Title":"CPU over 90% on web01","Impact":"High","Urgency":"High"},"affectedComputers":["WEB01","web01.other.com","twin"],"comment":"Azure says"}'

Test 'the same key creates once and answers the same' {
    $stage = New-Stage
    $first = Send $stage 'POST' '/v1/incidents' -Body $incident -Headers @{ 'idempotency-key' = 'az-1' }
    Assert-Equal 201 $first.Status
    Assert-Equal '/v1/incidents/IR1' $first.Headers['Location']
    $second = Send $stage 'POST' '/v1/incidents' -Body $incident -Headers @{ 'idempotency-key' = 'az-1' }
    Assert-Equal 200 $second.Status
    Assert-Equal 'true' $second.Headers['Idempotent-Replayed']
    Assert-Equal $first.Body $second.Body
    Assert-Equal 1 $stage.Desk.State.Creates
    $told = ConvertFrom-Json $first.Body
    Assert-Equal 'web01.contoso.com' $told.linked[0]
    Assert-Equal 'not_found,ambiguous' (@($told.notLinked | ForEach-Object { $_.reason }) -join ',')
    Assert-Equal $true $told.comment.added
    Assert-Equal $false $told.adopted
}

Test 'a computer is linked by its id without being looked for' {
    $stage = New-Stage
    $id = '8d2f0c1e-0000-4000-8000-000000000001'
    $body = '{"properties":{"Title":"x","Impact":"High","Urgency":"High"},"affectedComputers":["' + $id + '"]}'
    $told = ConvertFrom-Json (Send $stage 'POST' '/v1/incidents' -Body $body -Headers @{ 'idempotency-key' = 'az-1' }).Body
    Assert-Equal $id ($told.linked -join ',')
    Assert-Equal 0 @($told.notLinked).Count
}

Test 'the same key with another body is refused' {
    $stage = New-Stage
    Send $stage 'POST' '/v1/incidents' -Body $incident -Headers @{ 'idempotency-key' = 'az-1' } | Out-Null
    $other = Send $stage 'POST' '/v1/incidents' -Body '{"properties":{"Title":"other"}}' -Headers @{ 'idempotency-key' = 'az-1' }
    Assert-Equal 422 $other.Status
    Assert-Equal 'key_reused' (ConvertFrom-Json $other.Body).code
}

Test 'after a crash between creating and writing it down, the incident is adopted by its key, and its comment is not doubled' {
    $stage = New-Stage
    Send $stage 'POST' '/v1/incidents' -Body $incident -Headers @{ 'idempotency-key' = 'az-1' } | Out-Null
    Save-KeyRecord -Directory $stage.Settings.StateDirectory -Key 'az-1' -State 'pending' -RequestHash (Get-Sha256 -Text $incident) -Now ([datetime]::UtcNow)
    $again = Send $stage 'POST' '/v1/incidents' -Body $incident -Headers @{ 'idempotency-key' = 'az-1' }
    Assert-Equal 200 $again.Status
    Assert-Equal $true (ConvertFrom-Json $again.Body).adopted
    Remove-KeyRecord -Directory $stage.Settings.StateDirectory -Key 'az-1'
    Assert-Equal 200 (Send $stage 'POST' '/v1/incidents' -Body $incident -Headers @{ 'idempotency-key' = 'az-1' }).Status
    Assert-Equal 1 $stage.Desk.State.Creates
    Assert-Equal 1 $stage.Desk.State.Items[0].Comments.Count
}

Test 'a key in another case is another key, although the database finds it' {
    $stage = New-Stage
    Send $stage 'POST' '/v1/incidents' -Body $incident -Headers @{ 'idempotency-key' = 'az-a' } | Out-Null
    Assert-Equal 201 (Send $stage 'POST' '/v1/incidents' -Body $incident -Headers @{ 'idempotency-key' = 'az-A' }).Status
    $found = ConvertFrom-Json (Send $stage 'GET' '/v1/incidents?correlationKey=az-A').Body
    Assert-Equal 'IR2' $found.items[0].id
    Assert-Equal 1 @($found.items).Count
}

Test 'a prefix finds generations, newest first, and nothing else' {
    $stage = New-Stage
    foreach ($key in 'az-1-2', 'az-1-10', 'az-1-x', 'az-1-03', 'AZ-1-4', 'az-12') {
        Send $stage 'POST' '/v1/incidents' -Body $incident -Headers @{ 'idempotency-key' = $key } | Out-Null
    }
    $found = ConvertFrom-Json (Send $stage 'GET' '/v1/incidents?correlationPrefix=az-1-').Body
    Assert-Equal 'az-1-10,az-1-2' (@($found.items | ForEach-Object { $_.correlationKey }) -join ',')
}

Test 'what is wrong with a body is told before anything is written' {
    $stage = New-Stage
    foreach ($case in @(
            @('{"properties":{"Impact":"High","Urgency":"High"}}', 'invalid_value'),
            @('{"properties":{"Title":"x","Urgency":"High"}}', 'invalid_value'),
            @('{"properties":{"Title":"x","Impact":"Highest"}}', 'invalid_enum'),
            @('{"properties":{"Title":"x","Priority":1}}', 'invalid_value'),
            @('{"properties":{"Title":"x","ContactMethod":"mine"}}', 'invalid_value'),
            @('{"properties":{"Title":"x","Nonsense":1}}', 'invalid_value'),
            @(('{"properties":{"Title":"' + ('x' * 201) + '"}}'), 'invalid_value'),
            @('{"templateId":"11111111-1111-1111-1111-111111111111","properties":{"Title":"x"}}', 'invalid_value'),
            @('{"properties":{"Title":"x"},"unknown":1}', 'bad_request'),
            @('[1]', 'bad_request'), @('{', 'bad_request'), @('', 'bad_request'))) {
        $answer = Send $stage 'POST' '/v1/incidents' -Body $case[0] -Headers @{ 'idempotency-key' = [string] [guid]::NewGuid() }
        $problem = ConvertFrom-Json $answer.Body
        Assert-Equal $case[1] $problem.code $case[0]
        Assert-Equal 'not_done' $problem.outcome
    }
    Assert-Equal 0 $stage.Desk.State.Creates
    Assert-Equal 400 (Send $stage 'POST' '/v1/incidents' -Body $incident).Status 'without a key'
    Assert-Equal 415 (Send $stage 'POST' '/v1/incidents' -Body $incident -Headers @{ 'idempotency-key' = 'k'; 'content-type' = 'text/plain' }).Status
    $long = ConvertFrom-Json (Send $stage 'POST' '/v1/incidents' -Body ('{"properties":{"Title":"' + ('x' * 201) + '"}}') -Headers @{ 'idempotency-key' = 'k' }).Body
    Assert-Equal 200 $long.maxLength
    Assert-Equal 'Title' $long.property
}

Test 'a change over somebody else''s change is a conflict' {
    $stage = New-Stage
    Send $stage 'POST' '/v1/incidents' -Body $incident -Headers @{ 'idempotency-key' = 'az-1' } | Out-Null
    $etag = (Send $stage 'GET' '/v1/incidents/IR1').Headers['ETag']
    $change = '{"properties":{"Title":"changed"}}'
    Assert-Equal 200 (Send $stage 'PATCH' '/v1/incidents/IR1' -Body $change -Headers @{ 'if-match' = $etag }).Status
    $stale = Send $stage 'PATCH' '/v1/incidents/IR1' -Body $change -Headers @{ 'if-match' = $etag }
    Assert-Equal 412 $stale.Status
    Assert-Equal 'conflict' (ConvertFrom-Json $stale.Body).code
    Assert-Equal 400 (Send $stage 'PATCH' '/v1/incidents/IR1' -Body '{}').Status
}

Test 'resolving and reopening set what belongs to them' {
    $stage = New-Stage
    Send $stage 'POST' '/v1/incidents' -Body $incident -Headers @{ 'idempotency-key' = 'az-1' } | Out-Null
    $row = $stage.Desk.State.Items[0]
    Assert-Equal 400 (Send $stage 'PATCH' '/v1/incidents/IR1' -Body '{"resolutionDescription":"x"}').Status 'without the transition'
    $done = Send $stage 'PATCH' '/v1/incidents/IR1' -Body '{"transition":"resolve","resolutionCategory":"AutoResolved","resolutionDescription":"over"}'
    Assert-Equal 'IncidentStatusEnum.Resolved' (ConvertFrom-Json $done.Body).status.name
    Assert-Equal 'over' $row.Properties['ResolutionDescription']
    $resolved = $row.Properties['ResolvedDate']
    Assert-Equal $true ($resolved -is [datetime])
    $row.Properties['ResolvedDate'] = 'kept'
    Send $stage 'PATCH' '/v1/incidents/IR1' -Body '{"transition":"resolve","resolutionDescription":"again"}' | Out-Null
    Assert-Equal 'kept' $row.Properties['ResolvedDate'] 'it was resolved already'
    Send $stage 'PATCH' '/v1/incidents/IR1' -Body '{"transition":"reopen"}' | Out-Null
    Assert-Equal $null $row.Properties['ResolvedDate']
    Assert-Equal $null $row.Properties['ResolutionDescription']
}

Test 'a closed incident takes neither change nor comment' {
    $stage = New-Stage
    Send $stage 'POST' '/v1/incidents' -Body $incident -Headers @{ 'idempotency-key' = 'az-1' } | Out-Null
    $stage.Desk.State.Items[0].Closed = $true
    Assert-Equal $true (ConvertFrom-Json (Send $stage 'GET' '/v1/incidents/IR1').Body).readOnly
    foreach ($write in @('PATCH', '/v1/incidents/IR1', '{"comment":"x"}'), @('POST', '/v1/incidents/IR1/comments', '{"text":"x"}')) {
        $answer = Send $stage $write[0] $write[1] -Body $write[2]
        Assert-Equal 'read_only' (ConvertFrom-Json $answer.Body).code
    }
}

Test 'comments are appended and told' {
    $stage = New-Stage
    Send $stage 'POST' '/v1/incidents' -Body $incident -Headers @{ 'idempotency-key' = 'az-1' } | Out-Null
    $made = Send $stage 'POST' '/v1/incidents/IR1/comments' -Body '{"text":"second","private":true}'
    Assert-Equal 201 $made.Status
    $all = ConvertFrom-Json (Send $stage 'GET' '/v1/incidents/IR1/comments').Body
    Assert-Equal 'Azure says,second' (@($all.items | ForEach-Object { $_.text }) -join ',')
    Assert-Equal $true $all.items[1].private
}

Test 'a create that was certainly not done frees its key, one of unknown outcome does not' {
    $stage = New-Stage
    foreach ($case in @('refuse', 403, 'not_done', $false), @('create', 500, 'unknown', $true)) {
        $stage.Desk.State.Fail = $case[0]
        $answer = Send $stage 'POST' '/v1/incidents' -Body $incident -Headers @{ 'idempotency-key' = $case[0] }
        Assert-Equal $case[1] $answer.Status
        Assert-Equal $case[2] (ConvertFrom-Json $answer.Body).outcome
        Assert-Equal $case[3] ($null -ne (Get-KeyRecord -Directory $stage.Settings.StateDirectory -Key $case[0]))
    }
}

Test 'parameters that are unknown or do not go together are refused' {
    $stage = New-Stage
    foreach ($query in '', '?since=x', '?limit=5', '?modifiedSince=yesterday', '?correlationKey=a&limit=1', '?correlationKey=a%20b', '?cursor=x&modifiedSince=2026-09-01T00:00:00Z') {
        Assert-Equal 400 (Send $stage 'GET' ('/v1/incidents' + $query)).Status $query
    }
    Assert-Equal 501 (Send $stage 'GET' '/v1/incidents?modifiedSince=2026-09-01T00:00:00Z&objectStatus=all').Status
}

Test 'pages over the protocol end and lose nothing' {
    $stage = New-Stage
    foreach ($n in 1..25) {
        [void] $stage.Desk.State.Items.Add((New-MemoryRow -Type 'change' -Id "CR$n" -LastModified (New-Instant ([int][System.Math]::Floor($n / 4))) -Properties @{ Title = "t$n" }))
    }
    $seen = @()
    $path = '/v1/changes?modifiedSince=2026-09-01T00:00:00Z&limit=4'
    $cursor = ''
    for ($turn = 0; $turn -lt 50; $turn++) {
        $page = ConvertFrom-Json (Send $stage 'GET' ($path + $cursor)).Body
        foreach ($item in @($page.items)) { $seen += $item.id }
        if ($null -eq $page.nextCursor) { break }
        $path = '/v1/changes?limit=4'
        $cursor = '&cursor=' + $page.nextCursor
    }
    Assert-Equal 25 $seen.Count
    Assert-Equal 25 @($seen | Sort-Object -Unique).Count
    Assert-Equal '2026-09-01T11:59:55Z' $page.watermark
    $behind = ConvertFrom-Json (Send $stage 'GET' '/v1/changes?modifiedSince=2026-09-01T10:00:05Z&afterId=CR21&until=2026-09-01T10:00:05Z').Body
    Assert-Equal 'CR22,CR23' (@($behind.items | ForEach-Object { $_.id }) -join ',')
}

Test 'an unknown failure tells its text to the log and not to the caller' {
    $stage = New-Stage
    $stage.Desk.State.Fail = 'create'
    $answer = Send $stage 'POST' '/v1/incidents' -Body $incident -Headers @{ 'idempotency-key' = 'az-9' }
    Assert-Equal 500 $answer.Status
    if ($answer.Body -match 'the connection broke') { throw 'the text got out' }
}

Write-Host "$script:passed passed, $script:failed failed"
if ($script:failed -gt 0) { exit 1 }
