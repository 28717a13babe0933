using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Writ.Cli.Server;

/// <summary>Trust in a CA of one's own (<c>WRIT_CA</c>), instead of the system's.</summary>
internal static class Trust
{
    private static readonly string[] Stores = ["SSL_CERT_FILE", "SSL_CERT_DIR"];
    private static (string Name, string? Value)[] _before = [];

    /// <summary>
    /// Keeps .NET from loading the system's trust store, which takes 55 ms and happens even where only a custom root counts.
    /// It must come before any TLS, and only where a CA is configured: nothing else is trusted then.
    /// </summary>
    public static void SkipSystemStore()
    {
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("WRIT_CA")))
            return;
        _before = [.. Stores.Select(name => (name, Environment.GetEnvironmentVariable(name)))];
        _ = Native.SetEnv(Stores[0], "/dev/null", 1);
        _ = Native.SetEnv(Stores[1], "/nonexistent", 1);
    }

    /// <summary>The environment for another program: as this process was given it, without the secrets that are meant for <c>writ</c> alone.</summary>
    public static IReadOnlyList<string> EnvironmentForOthers()
    {
        var all = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (System.Collections.DictionaryEntry entry in Environment.GetEnvironmentVariables())
            all[(string)entry.Key] = (string?)entry.Value ?? "";
        foreach (var secret in (ReadOnlySpan<string>)["WRIT_TOKEN", "WRIT_SETUP_SECRET", "WRIT_ID_TOKEN"])
            all.Remove(secret);
        foreach (var (name, value) in _before)
        {
            all.Remove(name);
            if (value is not null)
                all[name] = value;
        }

        return [.. all.Select(pair => $"{pair.Key}={pair.Value}")];
    }

    /// <summary>The chain policy that trusts exactly the certificates of a PEM file.</summary>
    /// <exception cref="Stop">The file cannot be read.</exception>
    public static X509ChainPolicy Only(string path)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        try
        {
            policy.CustomTrustStore.ImportFromPemFile(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw Stop.Usage($"WRIT_CA: {path} cannot be read as a PEM file");
        }

        return policy.CustomTrustStore.Count > 0 ? policy : throw Stop.Usage($"WRIT_CA: {path} holds no certificate");
    }
}
