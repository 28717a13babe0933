namespace Writ.Server;

/// <summary>A secret of another's that the operator's settings name: by a file, or by the name under which systemd hands it over.</summary>
internal static class SecretFile
{
    /// <summary>What is wrong with how a secret is named, or null. Neither is fine where <paramref name="isNeeded"/> is false.</summary>
    public static string? Problem(string? file, string? credential, string key, bool isNeeded = true)
    {
        if (file is not null && credential is not null)
            return $"{key}_file and {key}_credential exclude each other";
        if (isNeeded && file is null && credential is null)
            return $"{key}_file or {key}_credential is missing";
        return credential is not null && (credential.Length is 0 or > 100 || !credential.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_')) ? $"{key}_credential is no name of a credential" : null;
    }

    /// <summary>The file in which it is.</summary>
    /// <param name="what">What it is, for people.</param>
    /// <exception cref="IOException">systemd hands over nothing; the message holds no secret.</exception>
    public static string Of(string? file, string? credential, string what)
    {
        if (credential is null)
            return file!;
        var folder = Environment.GetEnvironmentVariable("CREDENTIALS_DIRECTORY") ?? throw new IOException($"systemd hands over no credentials, and the {what} is to be its '{credential}'");
        return Path.Combine(folder, credential);
    }
}
