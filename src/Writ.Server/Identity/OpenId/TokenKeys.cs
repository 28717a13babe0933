using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.IdentityModel.Tokens;

namespace Writ.Server.Identity.OpenId;

/// <summary>
/// The keys of sign-ins, in <c>keys/</c> like the others: the ECDSA key that signs identity tokens, the key that seals the
/// contents of tokens in the database, and the key that seals what a browser carries for the server. Servers of one
/// database have the same.
/// </summary>
internal sealed class TokenKeys
{
    private const string SigningFile = "tokens.key";
    private const string SealingFile = "tokens.seal";
    private const string BrowserFolder = "browser";

    private TokenKeys(ECDsa signing, byte[] sealing, string folder)
    {
        Signing = new ECDsaSecurityKey(signing) { KeyId = Convert.ToHexStringLower(SHA256.HashData(signing.ExportSubjectPublicKeyInfo()))[..16] };
        Sealing = new SymmetricSecurityKey(sealing);
        Browser = new(Path.Combine(folder, BrowserFolder));
    }

    public ECDsaSecurityKey Signing { get; }

    public SymmetricSecurityKey Sealing { get; }

    /// <summary>Where the key lies that seals what a browser carries.</summary>
    public DirectoryInfo Browser { get; }

    /// <summary>Reads the keys; makes them where a server of before had none.</summary>
    /// <exception cref="IOException">They cannot be read or written.</exception>
    /// <exception cref="CryptographicException">They are damaged.</exception>
    /// <exception cref="FormatException">They are damaged.</exception>
    public static TokenKeys LoadOrCreate(string folder)
    {
        var signing = ECDsa.Create();
        if (!File.Exists(Path.Combine(folder, SigningFile)))
            Create(folder);
        signing.ImportFromPem(File.ReadAllText(Path.Combine(folder, SigningFile)));
        var sealing = Convert.FromBase64String(File.ReadAllText(Path.Combine(folder, SealingFile)).Trim());
        if (sealing.Length != 32)
            throw new CryptographicException($"{SealingFile} holds {sealing.Length} bytes instead of 32");
        return new(signing, sealing, folder);
    }

    /// <summary>
    /// Sealing of what a browser carries, by that one key: none is made by itself, since other servers would not have it.
    /// </summary>
    public static IDataProtectionBuilder Seal(IServiceCollection services, DirectoryInfo browser) => services.AddDataProtection()
        .SetApplicationName("writ").PersistKeysToFileSystem(browser).DisableAutomaticKeyGeneration();

    private static void Create(string folder)
    {
        var browser = Directory.CreateDirectory(Path.Combine(folder, BrowserFolder), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        using (var services = Seal(new ServiceCollection(), browser).Services.BuildServiceProvider())
            services.GetRequiredService<IKeyManager>().CreateNewKey(DateTimeOffset.UnixEpoch, DateTimeOffset.MaxValue.AddYears(-1));
        ServerKeys.WriteNew(Path.Combine(folder, SealingFile), Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)) + "\n");
        // Last, since its being there says that all are.
        using var signing = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        ServerKeys.WriteNew(Path.Combine(folder, SigningFile), signing.ExportPkcs8PrivateKeyPem() + "\n");
    }
}
