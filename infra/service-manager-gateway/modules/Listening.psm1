# Where requests come in: the machine's own HTTP server (HttpListener), or an Azure Relay hybrid connection (HybridConnectionListener).
# Both hand over one request at a time: SMLets' session is used by one thread only. NEVER RUN on Windows or through Azure.
Set-StrictMode -Version 2

# Reads at most one byte more than the limit, so that a large body is recognised and not kept.
function Read-BodyText {
    param([System.IO.Stream] $Stream, [int] $Limit)
    $buffer = New-Object byte[] ($Limit + 1)
    $length = 0
    while ($length -lt $buffer.Length) {
        $read = $Stream.Read($buffer, $length, $buffer.Length - $length)
        if ($read -le 0) { break }
        $length += $read
    }
    return [System.Text.Encoding]::UTF8.GetString($buffer, 0, $length)
}

function ConvertTo-Request {
    param([string] $Method, [System.Uri] $Url, $Headers, [System.IO.Stream] $Body)
    $names = @{}
    foreach ($name in $Headers.AllKeys) { $names[$name.ToLowerInvariant()] = [string] $Headers[$name] }
    return @{
        Method  = $Method.ToUpperInvariant()
        Path    = $Url.AbsolutePath
        Query   = (Read-Query -Text $Url.Query)
        Headers = $names
        Body    = (Read-BodyText -Stream $Body -Limit (Get-BodyLimit))
    }
}

# Prefixes such as https://+:8443/ ; see the README for the certificate and the reservation.
function Start-HttpListening {
    param([Parameter(Mandatory = $true)][string[]] $Prefixes, [Parameter(Mandatory = $true)][scriptblock] $Handle)
    $listener = New-Object System.Net.HttpListener
    foreach ($prefix in $Prefixes) { $listener.Prefixes.Add($prefix) }
    $listener.Start()
    try {
        while ($listener.IsListening) {
            $context = $listener.GetContext()
            try {
                $request = ConvertTo-Request -Method $context.Request.HttpMethod -Url $context.Request.Url -Headers $context.Request.Headers -Body $context.Request.InputStream
                $answer = & $Handle $request
                $context.Response.StatusCode = $answer.Status
                foreach ($name in $answer.Headers.Keys) {
                    if ($name -eq 'Content-Type') { $context.Response.ContentType = $answer.Headers[$name]; continue }
                    # HttpListener keeps this one for schemes of its own and refuses it here.
                    if ($name -eq 'WWW-Authenticate') { continue }
                    $context.Response.Headers[$name] = $answer.Headers[$name]
                }
                $bytes = [System.Text.Encoding]::UTF8.GetBytes($answer.Body)
                $context.Response.ContentLength64 = $bytes.Length
                if ($bytes.Length -gt 0) { $context.Response.OutputStream.Write($bytes, 0, $bytes.Length) }
            } catch {
                # A caller that went away; the next one must be served all the same.
                Write-Warning "a request broke off: $($_.Exception.Message)"
            } finally {
                try { $context.Response.Close() } catch { Write-Verbose $_.Exception.Message }
            }
        }
    } finally {
        $listener.Close()
    }
}

# The relay's library calls back on threads of its own, on which no script can run. This passes its calls to the thread that waits.
$script:Bridge = @'
using System;
using System.Collections.Concurrent;
using System.Threading;
using Microsoft.Azure.Relay;

public sealed class RelayBridge
{
    private readonly BlockingCollection<RelayedHttpListenerContext> waiting = new BlockingCollection<RelayedHttpListenerContext>(100);
    private readonly HybridConnectionListener listener;

    public RelayBridge(string connectionString, string path)
    {
        listener = new HybridConnectionListener(connectionString, path);
        listener.RequestHandler = Enqueue;
    }

    private void Enqueue(RelayedHttpListenerContext context)
    {
        if (waiting.TryAdd(context)) { return; }
        context.Response.StatusCode = (System.Net.HttpStatusCode)429;
        context.Response.Headers["Retry-After"] = "5";
        context.Response.Close();
    }

    public bool IsOnline { get { return listener.IsOnline; } }

    public void Open() { listener.OpenAsync(CancellationToken.None).GetAwaiter().GetResult(); }

    public void Close() { listener.CloseAsync(CancellationToken.None).GetAwaiter().GetResult(); }

    public RelayedHttpListenerContext Take(int milliseconds)
    {
        RelayedHttpListenerContext context;
        return waiting.TryTake(out context, milliseconds) ? context : null;
    }
}
'@

# $Library: path of Microsoft.Azure.Relay.dll. The connection string has the right Listen alone and the name of the hybrid connection
# in EntityPath or $Path.
function Start-RelayListening {
    param(
        [Parameter(Mandatory = $true)][string] $Library,
        [Parameter(Mandatory = $true)][string] $ConnectionString,
        [Parameter(Mandatory = $true)][string] $Path,
        [Parameter(Mandatory = $true)][scriptblock] $Handle
    )
    Add-Type -Path $Library
    $references = @($Library, 'System', 'System.Core')
    try {
        Add-Type -TypeDefinition $script:Bridge -ReferencedAssemblies $references
    } catch {
        # A library built for .NET Standard wants this one too.
        Add-Type -TypeDefinition $script:Bridge -ReferencedAssemblies ($references + 'netstandard')
    }
    $bridge = New-Object RelayBridge $ConnectionString, $Path
    $bridge.Open()
    try {
        while ($true) {
            # A second at a time, so that Ctrl+C and the end of the task come through.
            $context = $bridge.Take(1000)
            if ($null -eq $context) { continue }
            try {
                $request = ConvertTo-Request -Method $context.Request.HttpMethod -Url $context.Request.Url -Headers $context.Request.Headers -Body $context.Request.InputStream
                $answer = & $Handle $request
                # Never 502 or 504, which the relay keeps for itself; no problem of the protocol has them.
                $context.Response.StatusCode = [System.Net.HttpStatusCode] $answer.Status
                foreach ($name in $answer.Headers.Keys) { $context.Response.Headers[$name] = $answer.Headers[$name] }
                $bytes = [System.Text.Encoding]::UTF8.GetBytes($answer.Body)
                if ($bytes.Length -gt 0) { $context.Response.OutputStream.Write($bytes, 0, $bytes.Length) }
            } catch {
                Write-Warning "a request broke off: $($_.Exception.Message)"
            } finally {
                try { $context.Response.Close() } catch { Write-Verbose $_.Exception.Message }
            }
        }
    } finally {
        $bridge.Close()
    }
}

Export-ModuleMember -Function @(
    'Start-HttpListening', 'Start-RelayListening', 'ConvertTo-Request'
)
