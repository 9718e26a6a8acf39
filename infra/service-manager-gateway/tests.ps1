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
    param([string] $Name, [scriptblock] $Body)
    try {
        & $Body
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
    param([string] $Code, [scriptblock] $Body)
    try { & $Body | Out-Null } catch { Assert-Equal $Code (Get-ProblemCode -Failure $_.Exception); return }
    throw "nothing stopped; expected $Code"
}

function New-Instant {
    param([int] $Second, [int] $Millisecond = 0)
    return (New-Object System.DateTime 2026, 9, 1, 10, 0, 0, ([System.DateTimeKind]::Utc)).AddSeconds($Second).AddMilliseconds($Millisecond)
}

# A desk in memory, as strict as the real one where the gateway relies on it.
function New-MemoryDesk {
    $state = @{ Items = (New-Object System.Collections.ArrayList); Creates = 0; Clock = (New-Instant 0); Reads = 0; Fail = '' }
    $values = @(
        [pscustomobject]@{ id = 'd2b5e816-2d24-8e7d-a61f-2cceaeac2664'; name = 'System.WorkItem.TroubleTicket.ImpactEnum.High'; label = 'Hoch'; parent = $null; ordinal = 1 },
        [pscustomobject]@{ id = '80cc222b-2653-2f68-8cee-3a7dd3b723c1'; name = 'System.WorkItem.TroubleTicket.ImpactEnum.Medium'; label = 'Mittel'; parent = $null; ordinal = 2 }
    )
    $desk = @{
        State          = $state
        Health         = { if ($state.Fail -eq 'health') { throw 'no connection' }; @{ server = 'scsm01'; serverVersion = '10.22'; user = 'CONTOSO\svc' } }.GetNewClosure()
        Lists          = { @{ 'incident.impact' = $values } }.GetNewClosure()
        Templates      = { , @([pscustomobject]@{ id = 'a77bb0c9-e201-dd93-230c-799a66d9e8fa'; name = 'Default'; label = 'Default'; workItemType = 'incident' }) }
        FindComputers  = {
            param($name)
            foreach ($known in 'web01.contoso.com', 'twin', 'twin') {
                if ($known -eq $name) { [pscustomobject]@{ id = [string] [guid]::NewGuid(); displayName = $known; principalName = $known; netbiosName = $known } }
            }
        }
        CreateComputer = { param($name) [pscustomobject]@{ id = [string] [guid]::NewGuid(); displayName = $name; principalName = $name; netbiosName = $name } }
        Read           = {
            param($type, $criteria, $max)
            $state.Reads++
            $found = @($state.Items | Where-Object { $_.Type -eq $type })
            if ($criteria -match "^ContactMethod = '(.*)'$") { $key = $Matches[1]; $found = @($found | Where-Object { $_.Properties['ContactMethod'] -eq $key }) }
            @($found | Sort-Object LastModified | Select-Object -First $max)
        }.GetNewClosure()
        Find           = { param($type, $id) $state.Items | Where-Object { $_.Type -eq $type -and $_.Id -eq $id } | Select-Object -First 1 }.GetNewClosure()
        Describe       = { param($type, $row) [ordered]@{ id = $row.Id; baseId = 'x'; status = $null; title = $row.Properties['Title'] } }
        Create         = {
            param($properties, $templateId)
            $state.Creates++
            if ($state.Fail -eq 'create') { throw 'the connection broke' }
            $row = [pscustomobject]@{ Type = 'incident'; Id = 'IR' + $state.Creates; LastModified = $state.Clock; Properties = $properties; Links = (New-Object System.Collections.ArrayList) }
            [void] $state.Items.Add($row)
            $row
        }.GetNewClosure()
        Update         = {
            param($row, $properties)
            foreach ($name in $properties.Keys) { $row.Properties[$name] = $properties[$name] }
            $row.LastModified = $row.LastModified.AddSeconds(1)
            $row
        }
        Link           = { param($row, $computerId) [void] $row.Links.Add($computerId) }
        Comment        = { param($row, $text) }
    }
    return $desk
}

function New-Stage {
    $directory = Join-Path ([System.IO.Path]::GetTempPath()) ('sm-gateway-' + [guid]::NewGuid())
    $desk = New-MemoryDesk
    $settings = @{
        StateDirectory = $directory; CorrelationProperty = 'ContactMethod'; ExtensionProperties = @('AzureKey_c'); CriteriaInstantFormat = 'yyyy-MM-dd HH:mm:ss'
        CreateComputers = $false; Version = '1.0'
    }
    $operations = New-OperationTable -Desk $desk -Settings $settings -Now { [datetime]::UtcNow }
    return @{ Desk = $desk; Settings = $settings; Operations = $operations }
}

$token = 'a-long-random-token'
$hashes = @((Get-Sha256 -Text 'an-older-token'), (Get-Sha256 -Text $token))

function Send {
    param($Stage, [string] $Method, [string] $Path, [string] $Body = '', [hashtable] $Headers = @{}, [string] $Token = $token)
    $all = @{ authorization = "Bearer $Token" }
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
    $etag = New-ETag -LastModified (New-Instant 1)
    Assert-Equal $true (Test-ETag -Header "`"1`", $etag" -ETag $etag)
    Assert-Equal $true (Test-ETag -Header '*' -ETag $etag)
    Assert-Equal $false (Test-ETag -Header (New-ETag -LastModified (New-Instant 1 1)) -ETag $etag)
}

Test 'criteria quote what comes from outside' {
    Assert-Equal "Id = 'IR''1'" (New-EqualsCriteria -Property 'Id' -Value "IR'1")
    Assert-Equal "LastModified >= '2026-09-01 10:00:01'" (New-ChangedSinceCriteria -Since (New-Instant 1 999))
    Assert-Stops 'bad_request' { Format-CriteriaText -Text "a`nb" }
    Assert-Stops 'internal' { New-EqualsCriteria -Property 'Id = 1 OR Id' -Value 'x' }
    Assert-Equal $false (Test-WorkItemId -Id "IR1' OR 'a'='a")
}

Test 'a list value is found by id, name, end of name or label, and by nothing else' {
    $values = @((New-MemoryDesk).Lists.Invoke()[0]['incident.impact'])
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
        $answer = Send $stage 'GET' $path -Token 'wrong'
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

$body = '{"properties":{"Title":"CPU over 90% on web01","Impact":"High"},"affectedComputers":["web01.contoso.com","nowhere","twin"]}'

Test 'the same key creates once and answers the same' {
    $stage = New-Stage
    $first = Send $stage 'POST' '/v1/incidents' -Body $body -Headers @{ 'idempotency-key' = 'az-1' }
    Assert-Equal 201 $first.Status
    $second = Send $stage 'POST' '/v1/incidents' -Body $body -Headers @{ 'idempotency-key' = 'az-1' }
    Assert-Equal 200 $second.Status
    Assert-Equal $first.Body $second.Body
    Assert-Equal 1 $stage.Desk.State.Creates
    $told = ConvertFrom-Json $first.Body
    Assert-Equal 'web01.contoso.com' $told.linked[0]
    Assert-Equal 'not_found,ambiguous' (@($told.notLinked | ForEach-Object { $_.reason }) -join ',')
}

Test 'the same key with another body is refused' {
    $stage = New-Stage
    Send $stage 'POST' '/v1/incidents' -Body $body -Headers @{ 'idempotency-key' = 'az-1' } | Out-Null
    $other = Send $stage 'POST' '/v1/incidents' -Body '{"properties":{"Title":"other"}}' -Headers @{ 'idempotency-key' = 'az-1' }
    Assert-Equal 422 $other.Status
    Assert-Equal 'key_reused' (ConvertFrom-Json $other.Body).code
}

Test 'after a crash between creating and writing it down, the incident is found by its key' {
    $stage = New-Stage
    Send $stage 'POST' '/v1/incidents' -Body $body -Headers @{ 'idempotency-key' = 'az-1' } | Out-Null
    Save-KeyRecord -Directory $stage.Settings.StateDirectory -Key 'az-1' -State 'pending' -RequestHash (Get-Sha256 -Text $body) -Now ([datetime]::UtcNow)
    $again = Send $stage 'POST' '/v1/incidents' -Body $body -Headers @{ 'idempotency-key' = 'az-1' }
    Assert-Equal 200 $again.Status
    Assert-Equal 1 $stage.Desk.State.Creates
    Remove-KeyRecord -Directory $stage.Settings.StateDirectory -Key 'az-1'
    Assert-Equal 200 (Send $stage 'POST' '/v1/incidents' -Body $body -Headers @{ 'idempotency-key' = 'az-1' }).Status
    Assert-Equal 1 $stage.Desk.State.Creates
}

Test 'what is wrong with a body is told before anything is written' {
    $stage = New-Stage
    foreach ($case in @(
            @('{"properties":{"Impact":"High"}}', 'invalid_value'),
            @('{"properties":{"Title":"x","Impact":"Highest"}}', 'invalid_enum'),
            @('{"properties":{"Title":"x","Priority":1}}', 'invalid_value'),
            @('{"properties":{"Title":"x","Nonsense":1}}', 'invalid_value'),
            @(('{"properties":{"Title":"' + ('x' * 201) + '"}}'), 'invalid_value'),
            @('{"templateId":"11111111-1111-1111-1111-111111111111","properties":{"Title":"x"}}', 'invalid_value'),
            @('[1]', 'bad_request'), @('{', 'bad_request'), @('', 'bad_request'))) {
        $answer = Send $stage 'POST' '/v1/incidents' -Body $case[0] -Headers @{ 'idempotency-key' = [string] [guid]::NewGuid() }
        Assert-Equal $case[1] (ConvertFrom-Json $answer.Body).code $case[0]
    }
    Assert-Equal 0 $stage.Desk.State.Creates
    Assert-Equal 400 (Send $stage 'POST' '/v1/incidents' -Body $body).Status 'without a key'
}

Test 'a change over somebody else''s change is a conflict' {
    $stage = New-Stage
    Send $stage 'POST' '/v1/incidents' -Body $body -Headers @{ 'idempotency-key' = 'az-1' } | Out-Null
    $etag = (Send $stage 'GET' '/v1/incidents/IR1').Headers['ETag']
    $change = '{"properties":{"Title":"changed"}}'
    Assert-Equal 200 (Send $stage 'PATCH' '/v1/incidents/IR1' -Body $change -Headers @{ 'if-match' = $etag }).Status
    $stale = Send $stage 'PATCH' '/v1/incidents/IR1' -Body $change -Headers @{ 'if-match' = $etag }
    Assert-Equal 412 $stale.Status
    Assert-Equal 'conflict' (ConvertFrom-Json $stale.Body).code
}

Test 'pages over the protocol end and lose nothing' {
    $stage = New-Stage
    foreach ($n in 1..25) {
        [void] $stage.Desk.State.Items.Add([pscustomobject]@{ Type = 'change'; Id = "CR$n"; LastModified = (New-Instant ([int][System.Math]::Floor($n / 4))); Properties = @{ Title = "t$n" } })
    }
    $seen = @()
    $path = '/v1/changes?modifiedSince=2026-09-01T00:00:00Z&limit=4'
    $cursor = ''
    for ($turn = 0; $turn -lt 50; $turn++) {
        $page = ConvertFrom-Json (Send $stage 'GET' ($path + $cursor)).Body
        foreach ($item in @($page.items)) { $seen += $item.id }
        if ($null -eq $page.nextCursor) { break }
        $cursor = '&cursor=' + $page.nextCursor
    }
    Assert-Equal 25 $seen.Count
    Assert-Equal 25 @($seen | Sort-Object -Unique).Count
    Assert-Equal 400 (Send $stage 'GET' '/v1/changes').Status 'without a start'
}

Test 'an unknown failure tells its text to the log and not to the caller' {
    $stage = New-Stage
    $stage.Desk.State.Fail = 'create'
    $answer = Send $stage 'POST' '/v1/incidents' -Body $body -Headers @{ 'idempotency-key' = 'az-9' }
    Assert-Equal 500 $answer.Status
    if ($answer.Body -match 'the connection broke') { throw 'the text got out' }
}

Write-Host "$script:passed passed, $script:failed failed"
if ($script:failed -gt 0) { exit 1 }
