using Microsoft.EntityFrameworkCore;
using Writ.Core.Notices;
using Writ.Proof.Identity;
using Writ.Server.Storage;

namespace Writ.Server.Notices;

/// <summary>By which ways people can be told: those that the operator has set up, and that they have turned on.</summary>
internal static class Reach
{
    /// <summary>The ways of each; of whoever has none, none.</summary>
    /// <param name="of">Whose, or null for everybody's.</param>
    public static async Task<ILookup<ActorId, NoticeChannel>> Load(WritDb db, ServerSettings settings, IReadOnlyCollection<ActorId>? of, CancellationToken cancel)
    {
        var (mail, push) = (db.NoticeSettings.AsNoTracking().Where(row => row.Address != null && !row.IsMailOff), db.PushSubscriptions.AsNoTracking());
        if (of is not null)
            (mail, push) = (mail.Where(row => of.Contains(row.ActorId)), push.Where(row => of.Contains(row.ActorId)));
        List<ActorId> mailed = settings.Mail is null ? [] : await mail.Select(row => row.ActorId).ToListAsync(cancel);
        List<ActorId> pushed = settings.Push is null ? [] : await push.Select(row => row.ActorId).Distinct().ToListAsync(cancel);
        return mailed.Select(person => (person, NoticeChannel.Mail)).Concat(pushed.Select(person => (person, NoticeChannel.Push))).ToLookup(each => each.person, each => each.Item2);
    }

    /// <summary>Whether the operator has set up any.</summary>
    public static bool IsAny(ServerSettings settings) => settings.Mail is not null || settings.Push is not null;

    /// <summary>A way as the API names it.</summary>
    public static string Word(NoticeChannel channel) => channel switch
    {
        NoticeChannel.None => "none",
        NoticeChannel.Mail => "mail",
        NoticeChannel.Push => "push",
    };
}
