using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;
using Writ.Proof.Errors;
using Writ.Server.Storage;

namespace Writ.Server.Identity.Accounts;

/// <summary>
/// Passwords of accounts of this server. Length decides; what a guesser tries first is refused however long it is. They
/// are kept as PBKDF2 with SHA-512, and checked two at a time, so that guessing cannot take the whole machine.
/// </summary>
internal sealed class Passwords : IDisposable
{
    /// <summary>OWASP's figure for PBKDF2 with SHA-512.</summary>
    public const int Rounds = 210_000;

    public const int Shortest = 12;
    public const int Longest = 256;
    private const int FewestLetters = 5;

    /// <summary>What most passwords are made of; one of these with something around it is guessed early.</summary>
    private static readonly string[] Common =
    [
        "password", "passwort", "passw0rd", "p@ssw0rd", "qwertyuiop", "qwerty", "asdfghjkl", "zxcvbnm", "letmein", "welcome", "administrator", "admin", "iloveyou", "sunshine",
        "princess", "football", "baseball", "monkey", "dragon", "master", "shadow", "superman", "batman", "trustno1", "changeme", "default", "secret", "login", "winter", "summer",
        "spring", "autumn", "nmap", "writ", "company", "corporation", "abc", "test", "user", "guest", "root", "hello", "whatever", "computer", "internet",
    ];

    private readonly PasswordHasher<AccountRow> _hasher;
    private readonly SemaphoreSlim _turns = new(2);
    private readonly string _nobodys;

    public Passwords(ServerSettings settings)
    {
        _hasher = new(Options.Create(new PasswordHasherOptions { IterationCount = settings.PasswordRounds }));
        _nobodys = _hasher.HashPassword(Nobody, Secrets.New(""));
    }

    private static AccountRow Nobody { get; } = new() { ActorId = default, CreatedAt = default };

    public string Hash(string password) => _hasher.HashPassword(Nobody, password);

    /// <summary>True for the password of this hash. Without one it takes as long, and is false.</summary>
    public async Task<bool> Verify(string? hash, string password, CancellationToken cancel)
    {
        if (password.Length > Longest)
            return false;
        await _turns.WaitAsync(cancel);
        try
        {
            return _hasher.VerifyHashedPassword(Nobody, hash ?? _nobodys, password) != PasswordVerificationResult.Failed && hash is not null;
        }
        finally
        {
            _turns.Release();
        }
    }

    /// <summary>Why this cannot be the password of an account of this name, or null.</summary>
    public static Refusal? Check(string password, string name)
    {
        if (password.Length < Shortest)
            return new(ErrorCode.InvalidInput, $"a password has at least {Shortest} characters", "four words that do not belong together are long and easy to keep");
        if (password.Length > Longest)
            return new(ErrorCode.InvalidInput, $"a password has at most {Longest} characters");
        var guessed = new Refusal(ErrorCode.InvalidInput, "the password is one that is guessed early", "four words that do not belong together are long and easy to keep");
        if (password.Distinct().Count() < FewestLetters || IsRow(password) || IsRepeated(password))
            return guessed;
        var rest = password.ToLowerInvariant();
        foreach (var word in Common.Prepend(name.ToLowerInvariant()).Where(word => word.Length > 2))
            rest = rest.Replace(word, "", StringComparison.Ordinal);
        return rest.Count(char.IsLetter) < FewestLetters && rest.Length < Shortest ? guessed : null;
    }

    public void Dispose() => _turns.Dispose();

    /// <summary>abcdefghijkl, 987654321098: each character beside the one of before.</summary>
    private static bool IsRow(string password)
    {
        var beside = 0;
        for (var i = 1; i < password.Length; i++)
            beside += Math.Abs(password[i] - password[i - 1]) <= 1 ? 1 : 0;
        return beside >= password.Length * 3 / 4;
    }

    /// <summary>The same few characters over and over.</summary>
    private static bool IsRepeated(string password)
    {
        for (var unit = 1; unit <= password.Length / 3; unit++)
        {
            if (Enumerable.Range(unit, password.Length - unit).All(i => password[i] == password[i - unit]))
                return true;
        }

        return false;
    }
}
