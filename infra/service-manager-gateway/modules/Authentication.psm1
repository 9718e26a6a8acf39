# Who may call: a bearer token whose SHA-256 stands in the settings, so that reading the settings gives nobody the token.
# Nothing here knows Service Manager or the network.
Set-StrictMode -Version 2

# Compares in a time that depends on the lengths alone, so that an answer's delay tells nothing about the right token.
function Test-EqualInConstantTime {
    param([Parameter(Mandatory = $true)][byte[]] $Left, [Parameter(Mandatory = $true)][byte[]] $Right)
    $difference = $Left.Length -bxor $Right.Length
    for ($index = 0; $index -lt $Left.Length; $index++) {
        $other = 0
        if ($Right.Length -gt 0) { $other = $Right[$index % $Right.Length] }
        $difference = $difference -bor ($Left[$index] -bxor $other)
    }
    return ($difference -eq 0)
}

# $Hashes: SHA-256 in hex of each token that is good at the moment; two while a token is being replaced.
function Test-Bearer {
    param([AllowNull()][AllowEmptyString()][string] $Authorization, [Parameter(Mandatory = $true)][string[]] $Hashes)
    if ([string]::IsNullOrEmpty($Authorization)) { return $false }
    if ($Authorization -notmatch '^[Bb]earer +(\S+)$') { return $false }
    $ascii = [System.Text.Encoding]::ASCII
    $given = $ascii.GetBytes((Get-Sha256 -Text $Matches[1]))
    $good = $false
    foreach ($hash in $Hashes) {
        # Every hash is looked at, whatever was found before.
        if (Test-EqualInConstantTime -Left $given -Right $ascii.GetBytes($hash.ToLowerInvariant())) { $good = $true }
    }
    return $good
}

Export-ModuleMember -Function @(
    'Test-EqualInConstantTime', 'Test-Bearer'
)
