using Writ.Proof.Addresses;
using Writ.Proof.Statements;
using Writ.Runner.Runners;

namespace Writ.Runner.Secrets;

/// <summary>A secret as the configuration writes it: where it comes from, and which runs may have it. Exactly one source.</summary>
/// <param name="Name">What definitions, policies and people call it.</param>
internal sealed record SecretText(string Name)
{
    /// <summary>The tools that may have it; none where it is absent.</summary>
    public IReadOnlyList<string> Tools { get; set; } = [];
    /// <summary>What a run may reach at most to have it; nothing where it is absent.</summary>
    public CeilingText? Reach { get; set; }

    /// <summary>A file of this host's, or null.</summary>
    public string? File { get; set; }
    /// <summary>A variable of the daemon's own environment, or null.</summary>
    public string? Environment { get; set; }
    /// <summary>A credential that systemd hands to the daemon, or null.</summary>
    public string? Credential { get; set; }
    /// <summary>The Vault that has it, or null.</summary>
    public string? Vault { get; set; }
    /// <summary>With <see cref="Vault"/>: the path in a key-value engine of version 2, or null.</summary>
    public string? Kv { get; set; }
    /// <summary>With <see cref="Vault"/>: the role of a database engine, or null.</summary>
    public string? Creds { get; set; }
    /// <summary>Where that engine is mounted; null for <c>secret</c> and <c>database</c>.</summary>
    public string? Mount { get; set; }
    /// <summary>With <see cref="Kv"/>: the key of the value; null for <c>password</c>.</summary>
    public string? Field { get; set; }

    /// <summary>The kind of its source, as the audit log names it.</summary>
    public string Source => this switch
    {
        { File: not null } => "file",
        { Environment: not null } => "environment",
        { Credential: not null } => "credential",
        { Creds: not null } => "vault-database",
        _ => "vault-kv",
    };

    /// <summary>What runs may reach that have it.</summary>
    public NetworkScope ReachScope() => Reach?.ToText().Read() is { IsOk: true } scope ? scope.Value : NetworkScope.Nothing;

    /// <summary>What is wrong with it, or null.</summary>
    public string? Wrong(IReadOnlyList<VaultText> vaults)
    {
        if (!SandboxTerms.IsSecretName(Name))
            return $"'{Name}' is no plain name";
        if (new[] { File, Environment, Credential, Vault }.Count(source => source is not null) != 1)
            return $"'{Name}' has one source: file, environment, credential or vault";
        if (Vault is not null && Kv is null == Creds is null)
            return $"'{Name}' names what it is in {Vault}: kv or creds";
        if (Vault is null && (Kv ?? Creds ?? Mount ?? Field) is not null)
            return $"'{Name}' has settings of a Vault without 'vault'";
        if (Creds is not null && Field is not null)
            return $"'{Name}' has 'field', which belongs to kv";
        if (Vault is not null && vaults.All(vault => vault.Name != Vault))
            return $"'{Name}' is in '{Vault}', which is not among vaults";
        if (new[] { Kv, Creds, Mount }.OfType<string>().FirstOrDefault(path => !IsPath(path)) is { } odd)
            return $"'{odd}' of '{Name}' is no path: letters, digits, '.', '_', '-' and '/'";
        if (File is { } file && (!Path.IsPathFullyQualified(file) || file.Contains('\0', StringComparison.Ordinal)))
            return $"'{file}' of '{Name}' is no absolute path";
        if (Credential is { } credential && (credential.Length == 0 || credential.AsSpan().ContainsAny("/\0") || credential[0] == '.'))
            return $"'{credential}' of '{Name}' is no name of a credential";
        return Reach?.ToText().Read() is { IsOk: false } reach ? $"'reach' of '{Name}': {reach.Refusal.Message}" : null;
    }

    /// <summary>True for segments that no URL reads otherwise.</summary>
    public static bool IsPath(string path) =>
        path.Length <= 512 && path.Split('/').All(part => part.Length > 0 && part[0] != '.' && part.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '_' or '-'));
}

/// <summary>A HashiCorp Vault or OpenBao, and how this runner signs in there.</summary>
/// <param name="Name">What secrets call it.</param>
/// <param name="Address"><c>https://host:port</c>; plain <c>http</c> on this very host alone, where an agent listens.</param>
internal sealed record VaultText(string Name, string Address)
{
    /// <summary>The namespace, or null.</summary>
    public string? Namespace { get; set; }
    /// <summary>The authorities that its certificate is held against (PEM). Nothing else is trusted.</summary>
    public string? CaFile { get; set; }
    /// <summary>A file with a token, read at each run's start; null where <see cref="AppRole"/> signs in.</summary>
    public string? TokenFile { get; set; }
    /// <summary>How it signs in; null where there is a token.</summary>
    public AppRoleText? AppRole { get; set; }

    /// <summary>What is wrong with it, or null.</summary>
    public string? Wrong()
    {
        if (!SandboxTerms.IsSecretName(Name))
            return $"'{Name}' is no plain name";
        if (!Uri.TryCreate(Address, UriKind.Absolute, out var uri) || uri.AbsolutePath != "/" || uri.Query.Length > 0 || uri.UserInfo.Length > 0
            || (uri.Scheme != Uri.UriSchemeHttps && !(uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback)))
            return $"'{Address}' is no https:// address; http:// may be this host's own alone";
        if (uri.Scheme == Uri.UriSchemeHttps && CaFile is null)
            return $"'{Name}' has no 'ca_file', and no certificate is trusted without one";
        if (TokenFile is null == AppRole is null)
            return $"'{Name}' signs in in one way: token_file or app_role";
        if (Namespace is { } space && !SecretText.IsPath(space.TrimEnd('/')))
            return $"'{space}' of '{Name}' is no namespace";
        if (new[] { CaFile, TokenFile, AppRole?.SecretIdFile }.OfType<string>().FirstOrDefault(path => !Path.IsPathFullyQualified(path)) is { } odd)
            return $"'{odd}' of '{Name}' is no absolute path";
        return AppRole is { } role && (!SecretText.IsPath(role.Mount) || role.RoleId.Length == 0) ? $"'app_role' of '{Name}' needs a role_id, and a mount that is a path" : null;
    }
}

/// <summary>Signing in by AppRole.</summary>
/// <param name="RoleId">The role's id, which is no secret.</param>
/// <param name="SecretIdFile">A file with the secret id, read at each sign-in.</param>
internal sealed record AppRoleText(string RoleId, string SecretIdFile)
{
    /// <summary>Where the method is mounted.</summary>
    public string Mount { get; set; } = "approle";
}
