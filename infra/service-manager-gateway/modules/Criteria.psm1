# The text of criteria for EnterpriseManagementObjectCriteria, and values of lists. Whatever comes from outside is quoted here and nowhere else.
# Nothing here knows Service Manager or the network.
Set-StrictMode -Version 2

# A text as the criteria language takes it: a quote within is doubled.
function Format-CriteriaText {
    param([Parameter(Mandatory = $true)][AllowEmptyString()][string] $Text)
    if ($Text -match '[\x00-\x1f]') { Stop-WithProblem -Code 'bad_request' -Detail 'a control character cannot be searched for' }
    return "'" + $Text.Replace("'", "''") + "'"
}

# An instant, UTC, by the format of the settings: what the management server takes depends on its culture.
function Format-CriteriaInstant {
    param([Parameter(Mandatory = $true)][datetime] $Instant, [string] $Format = 'yyyy-MM-dd HH:mm:ss')
    return "'" + $Instant.ToString($Format, [System.Globalization.CultureInfo]::InvariantCulture) + "'"
}

# Work items changed since; whole seconds, rounded down, so that nothing is lost by rounding. The page is cut exactly afterwards (Paging).
function New-ChangedSinceCriteria {
    param([Parameter(Mandatory = $true)][datetime] $Since, [string] $Format = 'yyyy-MM-dd HH:mm:ss')
    $second = New-Object System.DateTime ($Since.Ticks - ($Since.Ticks % [System.TimeSpan]::TicksPerSecond)), ([System.DateTimeKind]::Utc)
    return 'LastModified >= ' + (Format-CriteriaInstant -Instant $second -Format $Format)
}

function New-EqualsCriteria {
    param([Parameter(Mandatory = $true)][string] $Property, [Parameter(Mandatory = $true)][string] $Value)
    # Property names come from our own code and settings; this is against a slip of the pen.
    if ($Property -notmatch '^[A-Za-z_][A-Za-z0-9_]*$') { Stop-WithProblem -Code 'internal' -Detail "$Property is not the name of a property" }
    return "$Property = " + (Format-CriteriaText -Text $Value)
}

# Text properties that begin with this. In LIKE the signs % _ [ stand for other things than themselves; what is found is compared again.
function New-PrefixCriteria {
    param([Parameter(Mandatory = $true)][string] $Property, [Parameter(Mandatory = $true)][string] $Prefix)
    if ($Property -notmatch '^[A-Za-z_][A-Za-z0-9_]*$') { Stop-WithProblem -Code 'internal' -Detail "$Property is not the name of a property" }
    return "$Property LIKE " + (Format-CriteriaText -Text ($Prefix + '%'))
}

# A correlation key as the protocol allows it.
function Test-CorrelationKey {
    param([AllowNull()][AllowEmptyString()][string] $Key)
    return ($Key -cmatch '^[A-Za-z0-9\-_.:]{1,100}$')
}

# The generation of a key that is this prefix and a decimal number without leading zeros; -1 when it is none.
function Read-Generation {
    param([Parameter(Mandatory = $true)][string] $Prefix, [AllowNull()][AllowEmptyString()][string] $Key)
    if (-not ([string] $Key).StartsWith($Prefix, [System.StringComparison]::Ordinal)) { return [long] -1 }
    $rest = $Key.Substring($Prefix.Length)
    $number = [long] -1
    if ($rest -cmatch '^(0|[1-9][0-9]{0,17})$') { $number = [long]::Parse($rest, [System.Globalization.CultureInfo]::InvariantCulture) }
    return $number
}

# Of the computers that have a name somewhere, those that it means: by principal name; only without one by NetBIOS or display name.
# A name with dots is never cut: the same host name in another domain is another computer.
function Select-Computer {
    param([Parameter(Mandatory = $true)][AllowEmptyCollection()][array] $Computers, [Parameter(Mandatory = $true)][string] $Name)
    $exact = @($Computers | Where-Object { $_.principalName -eq $Name })
    if ($exact.Count -gt 0) { return $exact }
    return @($Computers | Where-Object { $_.netbiosName -eq $Name -or $_.displayName -eq $Name })
}

# A computer by whatever name is known of it.
function New-ComputerCriteria {
    param([Parameter(Mandatory = $true)][string] $Name)
    $parts = @('PrincipalName', 'NetbiosComputerName', 'DisplayName' | ForEach-Object { New-EqualsCriteria -Property $_ -Value $Name })
    return ($parts -join ' OR ')
}

# IR123, CR77: letters of any prefix, then the number. What is not shaped so is not looked for.
function Test-WorkItemId {
    param([string] $Id)
    return ($Id -match '^[A-Za-z]{1,10}[0-9]{1,12}$')
}

# A value of a list by its id, its name, the last part of its name, or its label in the gateway's language.
# $Values: objects with id, name, label. The id of the value; stops with invalid_enum when there is none or more than one.
function Resolve-ListValue {
    param([Parameter(Mandatory = $true)][string] $Property, [Parameter(Mandatory = $true)][string] $Given, [Parameter(Mandatory = $true)][array] $Values)
    $guid = [guid]::Empty
    if ([guid]::TryParse($Given, [ref] $guid)) {
        $found = @($Values | Where-Object { [guid] $_.id -eq $guid })
    } else {
        # Exact names before ends of names before labels: a label may be the same text as another value's name.
        $found = @($Values | Where-Object { $_.name -eq $Given })
        if ($found.Count -eq 0) { $found = @($Values | Where-Object { $_.name.EndsWith('.' + $Given, [System.StringComparison]::OrdinalIgnoreCase) }) }
        if ($found.Count -eq 0) { $found = @($Values | Where-Object { $_.label -eq $Given }) }
    }
    if ($found.Count -eq 1) { return $found[0].id }
    $labels = (@($Values | Select-Object -First 30 | ForEach-Object { $_.label }) -join ', ')
    if ($found.Count -gt 1) { Stop-WithProblem -Code 'invalid_enum' -Detail "${Property}: '$Given' names $($found.Count) values; use an id" -Extra @{ property = $Property } }
    Stop-WithProblem -Code 'invalid_enum' -Detail "${Property}: there is no '$Given'; possible are: $labels" -Extra @{ property = $Property }
}

Export-ModuleMember -Function @(
    'Format-CriteriaText', 'Format-CriteriaInstant', 'New-ChangedSinceCriteria', 'New-EqualsCriteria', 'New-PrefixCriteria', 'Test-CorrelationKey', 'Read-Generation', 'Select-Computer',
    'New-ComputerCriteria', 'Test-WorkItemId', 'Resolve-ListValue'
)
