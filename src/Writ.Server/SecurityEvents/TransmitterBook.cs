using Microsoft.EntityFrameworkCore;
using Microsoft.IdentityModel.Tokens;
using Writ.Core.Audit;
using Writ.Proof.Errors;
using Writ.Server.Identity;
using Writ.Server.Storage;

namespace Writ.Server.SecurityEvents;

/// <summary>The issuers whose signed events count, with the keys that were pinned for each; said on the box.</summary>
internal sealed class TransmitterBook(WriteTransaction writes)
{
    private const int MostKeys = 64 << 10;

    /// <summary>Adds one, or gives the one of this name other keys.</summary>
    public async Task<Result<bool>> Add(string name, string issuer, string audience, string keys)
    {
        if (!CreateToken.IsName(name))
            return new Refusal(ErrorCode.InvalidInput, "a transmitter's name is made of 1 to 100 letters, digits and . _ @ + -");
        if (issuer.Length is 0 or > 1_000 || audience.Length is 0 or > 1_000)
            return new Refusal(ErrorCode.InvalidInput, "issuer and audience are texts of 1 to 1,000 characters");
        if (Problem(keys) is { } problem)
            return new Refusal(ErrorCode.InvalidInput, $"--keys: {problem}", "a JSON Web Key Set with the transmitter's public keys");
        return await writes.Commit<bool>(async scope =>
        {
            if (await scope.Db.Transmitters.AnyAsync(row => row.Issuer == issuer && row.Name != name))
                return new Refusal(ErrorCode.WrongState, "this issuer is pinned under another name");
            await scope.Db.Transmitters.Where(row => row.Name == name).ExecuteDeleteAsync();
            scope.Db.Transmitters.Add(new() { Name = name, Issuer = issuer, Audience = audience, Keys = keys, AddedAt = scope.Now });
            scope.Record(new(AuditType.TransmitterAdded, new(null, "operator on the box"), null, new()
            {
                ["transmitter"] = name, ["issuer"] = issuer, ["audience"] = audience,
                ["keys_sha256"] = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(keys))),
            }));
            return true;
        });
    }

    public Task<Result<bool>> Remove(string name) => writes.Commit<bool>(async scope =>
    {
        if (await scope.Db.Transmitters.Where(row => row.Name == name).ExecuteDeleteAsync() == 0)
            return new Refusal(ErrorCode.NotFound, $"there is no transmitter named '{name}'");
        scope.Record(new(AuditType.TransmitterRemoved, new(null, "operator on the box"), null, new() { ["transmitter"] = name }));
        return true;
    });

    /// <summary>Why this is no set of public keys, or null. A shared secret would let whoever reads it here sign.</summary>
    private static string? Problem(string keys)
    {
        if (keys.Length > MostKeys)
            return "the file is larger than 64 KiB";
        try
        {
            var set = new JsonWebKeySet(keys);
            return set.Keys.Count == 0 ? "there is no key in it"
                : set.Keys.Any(key => key.Kty is not ("RSA" or "EC")) ? "there are keys in it that are neither RSA nor EC"
                : set.Keys.Any(key => key.HasPrivateKey) ? "there is a private key in it"
                : set.Keys.Any(key => string.IsNullOrEmpty(key.Kid)) ? "there is a key without kid in it"
                : null;
        }
        catch (Exception malformed) when (malformed is ArgumentException or System.Text.Json.JsonException)
        {
            return "this is no JSON Web Key Set";
        }
    }
}
