using Microsoft.EntityFrameworkCore;
using Writ.Server.Storage;

namespace Writ.Server.Identity;

/// <summary>
/// Tokens that were made on the box are for first steps: once people can sign in, by another provider or with an account
/// of their own, they open nothing, unless the server was started with <c>--keep-box-tokens</c>.
/// </summary>
internal sealed class BoxTokens(ServerSettings settings)
{
    public async Task<bool> AreOff(WritDb db, CancellationToken cancel) =>
        !settings.SignIn.KeepBoxTokens && (settings.SignIn.Providers.Count > 0 || await db.Accounts.AnyAsync(row => row.ChangedAt != null, cancel));
}
