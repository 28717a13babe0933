namespace Writ.Contracts.Chat;

/// <summary>The names of chats, as they stand in answers and in the log.</summary>
public static class ChatNames
{
    public const string Slack = "slack";
}

/// <summary>The account in a chat whose buttons speak for the caller. <c>GET /v1/me/chat</c></summary>
/// <param name="Available">Whether this server takes decisions from a chat.</param>
/// <param name="Chat"><c>slack</c>, or null where no account is linked.</param>
/// <param name="Workspace">The id of its workspace, such as <c>T0123ABCD</c>.</param>
/// <param name="Account">The id of the account, such as <c>U0123ABCD</c>.</param>
/// <param name="LinkedAt">When it was linked.</param>
/// <param name="Until">Until when it speaks for them.</param>
public sealed record ChatAccountView(bool Available, string? Chat, string? Workspace, string? Account, DateTimeOffset? LinkedAt, DateTimeOffset? Until);

/// <summary>A code that links the account in which it is typed. <c>POST /v1/me/chat/code</c></summary>
/// <param name="Type">What to type there, whole: <c>/writ link ABCD-2345</c>.</param>
/// <param name="Until">Until when the code holds.</param>
public sealed record ChatCodeView(string Type, DateTimeOffset Until);
