using Microsoft.EntityFrameworkCore;
using Writ.Proof;
using Writ.Server.Storage;

namespace Writ.Server.Identity;

/// <summary>What may be used once: codes of an authenticator, answers to a challenge, assertions of others.</summary>
internal static class Once
{
    /// <summary>
    /// Spends a value for a purpose, within the transaction of what it is used for; false where it was spent before,
    /// whatever raced. It is remembered until <paramref name="notAfter"/>, when it would not be taken any more.
    /// </summary>
    public static Task<bool> Spend(WriteScope scope, string purpose, string value, DateTimeOffset notAfter) => Spend(scope.Db, purpose, value, notAfter);

    /// <summary>The same by itself, of what is used up whatever comes of it.</summary>
    public static async Task<bool> Spend(WritDb db, string purpose, string value, DateTimeOffset notAfter)
    {
        var hash = HashOf(purpose, value);
        var until = UnixMicroseconds.From(notAfter);
        return await db.Database.ExecuteSqlAsync(
            $"""INSERT INTO spent ("Hash", "NotAfter") VALUES ({hash}, {until}) ON CONFLICT DO NOTHING""") == 1;
    }

    /// <summary>Whether a value was spent for a purpose; who is about to do so finds out by <see cref="Spend"/>.</summary>
    public static Task<bool> IsSpent(WritDb db, string purpose, string value)
    {
        var hash = HashOf(purpose, value);
        return db.Spent.AnyAsync(row => row.Hash == hash);
    }

    private static byte[] HashOf(string purpose, string value) => Secrets.Hash($"{purpose}\n{value}");
}
