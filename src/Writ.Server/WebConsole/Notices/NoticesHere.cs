using Writ.Contracts.Chat;
using Writ.Contracts.Notices;
using Writ.Proof.Errors;
using Writ.Server.Chat;
using Writ.Server.Notices;

namespace Writ.Server.WebConsole.Notices;

/// <summary>How the one who looks is told, by the API's own verbs.</summary>
internal sealed class NoticesHere(Visit visit, NoticeSettings settings, NoticeAddress address, PushSubscriptions push, ChatAccounts chat)
{
    public Task<Result<NoticeSettingsView>> Show() => visit.Do("ShowNoticeSettings", caller => settings.Show(caller, CancellationToken.None));

    public Task<Result<NoticeSettingsView>> Change(NoticeSettingsAsk ask) => visit.Do("ChangeNoticeSettings", caller => settings.Change(caller, ask, CancellationToken.None));

    /// <summary>Mails a code to an address.</summary>
    public Task<Result<NoticeSettingsView>> Ask(string to) => visit.Do("AskNoticeAddress", caller => address.Ask(caller, to, CancellationToken.None));

    /// <summary>Says the code that came.</summary>
    public Task<Result<NoticeSettingsView>> Confirm(string code) => visit.Do("ConfirmNoticeAddress", caller => address.Confirm(caller, code, CancellationToken.None));

    /// <summary>The account in a chat that speaks for them.</summary>
    public Task<Result<ChatAccountView>> Chat() => visit.Do("ShowChatAccount", caller => chat.Show(caller, CancellationToken.None));

    /// <summary>A code that links another.</summary>
    public Task<Result<ChatCodeView>> LinkChat() => visit.Do("LinkChatAccount", chat.GiveCode);

    /// <summary>Takes that back.</summary>
    public Task<Result<ChatAccountView>> UnlinkChat() => visit.Do("UnlinkChatAccount", caller => chat.Unlink(caller, CancellationToken.None));

    /// <summary>In which browsers.</summary>
    public Task<Result<PushView>> ShowPush() => visit.Do("ShowPush", caller => push.Show(caller, CancellationToken.None));

    public Task<Result<PushView>> AddPush(PushAsk ask) => visit.Do("AddPush", caller => push.Add(caller, ask, CancellationToken.None));

    public Task<Result<PushView>> RemovePush(string id) => visit.Do("RemovePush", caller => push.Remove(caller, id, CancellationToken.None));

    /// <summary>Which of their browsers has this endpoint; null for none.</summary>
    public async Task<string?> PushIdOf(string endpoint) => await visit.Who() is { } caller ? await push.IdOf(caller, endpoint, CancellationToken.None) : null;

    /// <summary>All of it as it stands: a part of the page changes what is its own in it, since they are set together.</summary>
    public static NoticeSettingsAsk Kept(NoticeSettingsView now) => new(now.Mail, now.Quiet, now.Zone, now.StandIn, now.StandInUntil);
}
