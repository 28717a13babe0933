using System.Security.Cryptography;

namespace Writ.Core.Policy;

/// <summary>Reads one workload.</summary>
internal sealed class WorkloadReader(Action<int, string, string?> problem)
{
    private const int LongestText = 512;
    private static readonly string[] Keys =
        ["issuer", "audience", "subject", "claims", "keys", "key", "owner", "on-behalf-of", "max-sign-in"];

    public Workload Read(string name, PolicyNode node)
    {
        var what = $"workload '{name}'";
        var fields = new FieldReader(node, what, Keys, problem);
        var owner = fields.Text("owner");
        var life = fields.Time("max-sign-in", Workload.LongestSignIn) ?? Workload.DefaultSignIn;
        byte[]? key = null;
        WorkloadToken? token = null;
        if (fields.Find("key") is { } given)
        {
            key = fields.Text("key") is { } text ? PublicKey(given.Line, text, what, p256: true) : null;
            foreach (var other in Keys[..5].Append("on-behalf-of").Where(other => fields.Find(other) is not null))
                problem(fields.Find(other)!.Line, $"{what} has a 'key' and '{other}'", "a workload signs in by its own key, or by the JWT of an issuer");
        }
        else if (!fields.IsBroken)
        {
            token = Token(fields, what);
        }

        return new(name, owner, life, token, key) { Line = node.Line };
    }

    private WorkloadToken? Token(FieldReader fields, string what)
    {
        fields.Need("issuer", "name who signs its JWT, 'issuer: https://gitlab.example.com'; or give its public key, 'key: …'");
        fields.Need("audience", "the JWT must be made for this server: audience: https://writ.example.com");
        fields.Need("subject", "say whose JWT it is: subject: 'repo:acme/scans:ref:refs/heads/main'");
        var issuer = fields.Text("issuer") is { } url && IsIssuer(fields.Find("issuer")!.Line, url, what) ? url : null;
        var audience = fields.Text("audience");
        var subject = fields.Text("subject") is { } text ? SubjectPattern.Parse(text) : null;
        if (subject is null && fields.Find("subject") is PolicyScalar { Value.Length: > 0 } wrong)
            problem(wrong.Line, $"the subject of {what} would fit others too: '{PolicyReader.Visible(wrong.Value)}'", "begin with what is yours; a * stands for what lies between two of ':' and '/'");
        var keys = new List<byte[]>();
        foreach (var key in fields.Texts("keys") ?? [])
        {
            if (PublicKey(key.Line, key.Value, what, p256: false) is { } bytes)
                keys.Add(bytes);
        }

        var claims = Claims(fields.Find("claims"), what);
        var person = fields.Find("on-behalf-of") is { } of ? Person(of, issuer, what) : null;
        return issuer is not null && audience is not null && subject is not null ? new(issuer, audience, subject, claims, keys, person) : null;
    }

    private Dictionary<string, IReadOnlyList<string>> Claims(PolicyNode? node, string what)
    {
        var claims = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        if (node is null)
            return claims;
        if (node is not PolicyMapping { Entries.Count: > 0 } mapping)
        {
            problem(node.Line, $"'claims' of {what} must be a mapping", "write { ref_protected: \"true\" }");
            return claims;
        }

        foreach (var (name, value) in mapping.Entries)
        {
            string[] values = value switch
            {
                PolicyScalar { Value.Length: > 0 } one => [one.Value],
                PolicyList { Items.Count: > 0 } list when list.Items.All(item => item is PolicyScalar { Value.Length: > 0 }) => [.. list.Items.Cast<PolicyScalar>().Select(item => item.Value)],
                _ => [],
            };
            if (values.Length == 0)
                problem(value.Line, $"claim '{PolicyReader.Visible(name.Value)}' of {what} must be a text or a list of texts", null);
            else if (name.Value is "iss" or "aud" or "sub" or "exp" or "nbf" or "iat" or "jti")
                problem(name.Line, $"'claims' of {what} names '{name.Value}', which is checked in any case", "leave it out");
            claims[name.Value] = values;
        }

        return claims;
    }

    private PersonClaim? Person(PolicyNode node, string? issuer, string what)
    {
        var fields = new FieldReader(node, $"'on-behalf-of' of {what}", ["claim", "issuer"], problem);
        fields.Need("claim", "name the claim that holds the person's subject: { claim: user_id }");
        var at = fields.Text("issuer") is { } url ? IsIssuer(fields.Find("issuer")!.Line, url, what) ? url : null : issuer;
        return fields.Text("claim") is { } claim && at is not null ? new(claim, at) : null;
    }

    /// <summary>An address of https, or of this machine: its keys come from there.</summary>
    private bool IsIssuer(int line, string text, string what)
    {
        if (text.Length <= LongestText && Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri is { Query: "", Fragment: "", UserInfo: "" }
            && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback)))
            return true;
        problem(line, $"the issuer '{PolicyReader.Visible(text)}' of {what} is no address of https", "write it as it stands in the token's 'iss', like https://token.actions.githubusercontent.com");
        return false;
    }

    private byte[]? PublicKey(int line, string text, string what, bool p256)
    {
        var bytes = new byte[1024];
        if (Convert.TryFromBase64String(text, bytes, out var length))
        {
            Array.Resize(ref bytes, length);
            if (IsCurve(bytes, out var size) ? !p256 || size == 256 : !p256 && IsRsa(bytes))
                return bytes;
        }

        problem(line, $"{what} has a public key that cannot be used", p256 ? "writ workload key FILE makes a pair and prints the public key" : "give the key as base64 of its DER (SubjectPublicKeyInfo): RSA from 2048 bits, P-256, P-384 or P-521");
        return null;
    }

    private static bool IsCurve(byte[] bytes, out int size)
    {
        using var key = ECDsa.Create();
        try
        {
            key.ImportSubjectPublicKeyInfo(bytes, out var read);
            size = key.KeySize;
            return read == bytes.Length && key.ExportParameters(false).Curve.Oid.Value is "1.2.840.10045.3.1.7" or "1.3.132.0.34" or "1.3.132.0.35";
        }
        catch (CryptographicException)
        {
            size = 0;
            return false;
        }
    }

    private static bool IsRsa(byte[] bytes)
    {
        using var key = RSA.Create();
        try
        {
            key.ImportSubjectPublicKeyInfo(bytes, out var read);
            return read == bytes.Length && key.KeySize is >= 2048 and <= 8192;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }
}
