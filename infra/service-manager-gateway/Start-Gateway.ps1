# Starts the Service Manager gateway and stays. See README.md.
#   powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File Start-Gateway.ps1 -Settings C:\ProgramData\SmGateway\gateway.psd1
#   powershell.exe -File Start-Gateway.ps1 -Settings ... -Check      tells whether Service Manager can be reached, and ends
#requires -Version 5.1
[CmdletBinding()]
param(
    [Parameter(Mandatory = $true)][string] $Settings,
    [switch] $Check
)
Set-StrictMode -Version 2
$ErrorActionPreference = 'Stop'
$version = '1.0'

foreach ($module in 'Answers', 'Authentication', 'Idempotency', 'Criteria', 'Paging', 'Properties', 'Routing', 'Operations', 'Writing', 'ServiceManager', 'Listening') {
    Import-Module (Join-Path $PSScriptRoot "modules\$module.psm1") -DisableNameChecking
}

$given = Import-PowerShellDataFile -LiteralPath $Settings
$defaults = @{
    Server = 'localhost'; Language = 'ENU'; IncidentId = 'IR{0}'; StateDirectory = 'C:\ProgramData\SmGateway\state'; LogFile = ''
    TokenHashes = @(); CorrelationProperty = 'ContactMethod'; ExtensionProperties = @(); CriteriaInstantFormat = 'yyyy-MM-dd HH:mm:ss'
    CreateComputers = $false; KeepKeysDays = 30; SettleSeconds = 5; Listen = 'Relay'; Prefixes = @(); RelayLibrary = ''; RelayPath = ''
    RelayConnectionVariable = 'SM_GATEWAY_RELAY'
}
foreach ($name in $given.Keys) {
    if (-not $defaults.ContainsKey($name)) { throw "the settings have an unknown key $name; known are: $(@($defaults.Keys | Sort-Object) -join ', ')" }
    $defaults[$name] = $given[$name]
}
$options = $defaults
$options.Version = $version
$hashes = @($options.TokenHashes | Where-Object { $_ -match '^[0-9a-fA-F]{64}$' })
if ($hashes.Count -eq 0 -or $hashes.Count -ne @($options.TokenHashes).Count) { throw 'TokenHashes needs at least one SHA-256 in hex, and nothing else; see README.md' }
if ($options.IncidentId -notmatch '\{0\}') { throw 'IncidentId must contain {0}' }

$log = {
    param([string] $line)
    $stamped = [datetime]::UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'") + ' ' + $line
    if ($options.LogFile) { Add-Content -LiteralPath $options.LogFile -Value $stamped -Encoding UTF8 } else { Write-Host $stamped }
}

$desk = New-ServiceManagerDesk -Options $options
$operations = New-OperationTable -Desk $desk -Settings $options

if ($Check) {
    $answer = & $operations.Health @{ Headers = @{}; Query = @{} } ''
    Write-Output $answer.Body
    if ($answer.Body -match '"status":"ok","gateway"') { exit 0 }
    exit 1
}

$cleared = Clear-KeyRecord -Directory $options.StateDirectory -Now ([datetime]::UtcNow) -Days $options.KeepKeysDays
& $log "gateway $version starts; $cleared old keys cleared"

$handle = {
    param($request)
    Invoke-Gateway -Request $request -Operations $operations -TokenHashes $hashes -RequestId ([guid]::NewGuid().ToString()) -Log $log
}

switch ($options.Listen) {
    'Http' { Start-HttpListening -Prefixes @($options.Prefixes) -Handle $handle }
    'Relay' {
        $connection = [System.Environment]::GetEnvironmentVariable($options.RelayConnectionVariable)
        if (-not $connection) { throw "the environment variable $($options.RelayConnectionVariable) is empty; it needs the connection string with the right Listen" }
        Start-RelayListening -Library $options.RelayLibrary -ConnectionString $connection -Path $options.RelayPath -Handle $handle
    }
    default { throw "Listen is '$($options.Listen)'; use Http or Relay" }
}
