# Remembers what was created for an Idempotency-Key, one small file for each, so that the same key never creates twice.
# A key is first reserved, then answered; a reservation left behind by a crash is told apart from one that is being worked on.
# Nothing here knows Service Manager or the network.
Set-StrictMode -Version 2

function Get-KeyFile {
    param([Parameter(Mandatory = $true)][string] $Directory, [Parameter(Mandatory = $true)][string] $Key)
    return (Join-Path $Directory ((Get-Sha256 -Text $Key) + '.json'))
}

# $null when the key is unknown; else an object with state (pending, done), requestHash, at, body.
function Get-KeyRecord {
    param([Parameter(Mandatory = $true)][string] $Directory, [Parameter(Mandatory = $true)][string] $Key)
    $file = Get-KeyFile -Directory $Directory -Key $Key
    if (-not (Test-Path -LiteralPath $file)) { return $null }
    $text = [System.IO.File]::ReadAllText($file, [System.Text.Encoding]::UTF8)
    try {
        return (ConvertFrom-Json -InputObject $text)
    } catch {
        # Half a file cannot be there (see Save-KeyRecord) unless the disk lost it: then nothing is known but that the key was used.
        return [pscustomobject]@{ state = 'pending'; requestHash = ''; at = ''; body = $null }
    }
}

# Written beside and moved over, so that a crash leaves the old record or the new one, never half of one.
function Save-KeyRecord {
    param(
        [Parameter(Mandatory = $true)][string] $Directory,
        [Parameter(Mandatory = $true)][string] $Key,
        [Parameter(Mandatory = $true)][ValidateSet('pending', 'done')][string] $State,
        [Parameter(Mandatory = $true)][string] $RequestHash,
        [Parameter(Mandatory = $true)][datetime] $Now,
        [AllowNull()][string] $Body = $null
    )
    if (-not (Test-Path -LiteralPath $Directory)) { New-Item -ItemType Directory -Path $Directory -Force | Out-Null }
    $record = [ordered]@{ state = $State; requestHash = $RequestHash; at = (Format-Instant $Now); body = $Body }
    $file = Get-KeyFile -Directory $Directory -Key $Key
    $beside = $file + '.new'
    $bytes = (New-Object System.Text.UTF8Encoding $false).GetBytes((ConvertTo-JsonText -Value $record))
    $stream = New-Object System.IO.FileStream $beside, ([System.IO.FileMode]::Create), ([System.IO.FileAccess]::Write)
    try {
        $stream.Write($bytes, 0, $bytes.Length)
        # $true: down to the disk. The answer must not be sent before.
        $stream.Flush($true)
    } finally {
        $stream.Dispose()
    }
    if (Test-Path -LiteralPath $file) {
        [System.IO.File]::Replace($beside, $file, [System.Management.Automation.Language.NullString]::Value)
    } else {
        [System.IO.File]::Move($beside, $file)
    }
}

# Gives a reserved key back, when it is certain that nothing was created.
function Remove-KeyRecord {
    param([Parameter(Mandatory = $true)][string] $Directory, [Parameter(Mandatory = $true)][string] $Key)
    $file = Get-KeyFile -Directory $Directory -Key $Key
    if (Test-Path -LiteralPath $file) { Remove-Item -LiteralPath $file -Force }
}

# Takes out what is older than this many days; how many there were.
function Clear-KeyRecord {
    param([Parameter(Mandatory = $true)][string] $Directory, [Parameter(Mandatory = $true)][datetime] $Now, [int] $Days = 30)
    if (-not (Test-Path -LiteralPath $Directory)) { return 0 }
    $limit = $Now.AddDays(-$Days)
    $old = @(Get-ChildItem -LiteralPath $Directory -Filter '*.json' | Where-Object { $_.LastWriteTimeUtc -lt $limit })
    foreach ($file in $old) { Remove-Item -LiteralPath $file.FullName -Force }
    return $old.Count
}

Export-ModuleMember -Function @(
    'Get-KeyRecord', 'Save-KeyRecord', 'Remove-KeyRecord', 'Clear-KeyRecord'
)
