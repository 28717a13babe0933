using Microsoft.EntityFrameworkCore;
using Writ.Proof;
using Writ.Server.Storage;

namespace Writ.Server.Identity;

/// <summary>
/// Slows guessing down, under each name (whether there is such an account or not, so that nobody learns that) and from
/// each address. An attempt counts as failed before it is looked at, so any number of them at the same moment is no more
/// than one after the other.
/// </summary>
internal sealed class SignInThrottle(WriteTransaction writes, TimeProvider time)
{
    /// <summary>Failures in a row that cost nothing, under a name and from an address.</summary>
    public const int FreeByName = 5;
    public const int FreeByAddress = 30;

    /// <summary>After this time without a failure all is forgotten.</summary>
    public static readonly TimeSpan Memory = TimeSpan.FromHours(12);

    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(15);

    /// <summary>Whether somebody may try now; counts it as failed until <see cref="Forget"/>.</summary>
    public async Task<bool> Enter(string kind, string name, string? address)
    {
        var now = time.GetUtcNow();
        var byAddress = await Count(AddressKey(address), FreeByAddress, now);
        return byAddress && await Count(NameKey(kind, name), FreeByName, now);
    }

    /// <summary>Forgets the failures under a name and from an address: it was right, in the transaction of what it opened.</summary>
    public static Task Forget(WritDb db, string kind, string name, string? address)
    {
        byte[][] keys = [NameKey(kind, name), AddressKey(address)];
        return db.SignInFailures.Where(row => keys.Contains(row.Key)).ExecuteDeleteAsync();
    }

    private async Task<bool> Count(byte[] key, int free, DateTimeOffset now)
    {
        var counted = false;
        await writes.Append(async db =>
        {
            var found = await db.SignInFailures.AsNoTracking().SingleOrDefaultAsync(row => row.Key == key);
            if (found is null)
            {
                var at = UnixMicroseconds.From(now);
                counted = await db.Database.ExecuteSqlAsync(
                    $"""INSERT INTO sign_in_failures ("Key", "Failures", "LastAt") VALUES ({key}, 1, {at}) ON CONFLICT DO NOTHING""") == 1;
                return;
            }

            var forgotten = now - found.LastAt >= Memory;
            if (!forgotten && now < found.LastAt + Wait(found.Failures - free))
                return;
            // Who was overtaken by another attempt waits like the rest.
            counted = await db.SignInFailures.Where(row => row.Key == key && row.Failures == found.Failures && row.LastAt == found.LastAt)
                .ExecuteUpdateAsync(set => set.SetProperty(row => row.Failures, forgotten ? 1 : found.Failures + 1).SetProperty(row => row.LastAt, now)) == 1;
        });
        return counted;
    }

    private static TimeSpan Wait(int over) => over < 0
        ? TimeSpan.Zero
        : over > 10 ? LongestWait : TimeSpan.FromTicks(Math.Min(FirstWait.Ticks << over, LongestWait.Ticks));

    private static byte[] NameKey(string kind, string name) => Secrets.Hash($"{kind}\n{name.ToLowerInvariant()}");

    private static byte[] AddressKey(string? address) => Secrets.Hash($"address\n{address}");
}
