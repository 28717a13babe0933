namespace Writ.Contracts.Notices;

/// <summary>Where and when the caller is told. <c>GET /v1/me/notices</c></summary>
/// <param name="Mail">Whether they are told by mail.</param>
/// <param name="Address">The confirmed address, or null for none: then nothing is sent.</param>
/// <param name="AddressFrom">Who vouches for it: <c>provider</c>, <c>directory</c>, <c>operator</c> or <c>person</c>.</param>
/// <param name="Unconfirmed">An address that waits for the code that was mailed to it.</param>
/// <param name="Quiet">Quiet hours of each day, such as <c>22:00-07:00</c>, or null.</param>
/// <param name="Zone">The time zone in which they are.</param>
/// <param name="StandIn">Who is told as well, by name, or null.</param>
/// <param name="StandInUntil">Until when.</param>
/// <param name="Remarks">Why they, or their stand-in, are told of less than they may think.</param>
public sealed record NoticeSettingsView(
    bool Mail, string? Address, string? AddressFrom, string? Unconfirmed, string? Quiet, string? Zone, string? StandIn, DateTimeOffset? StandInUntil, IReadOnlyList<string> Remarks);

/// <summary>How it shall be, all of it. <c>PUT /v1/me/notices</c></summary>
/// <param name="Mail">Whether to be told by mail.</param>
/// <param name="Quiet">Quiet hours such as <c>22:00-07:00</c>, or null for none.</param>
/// <param name="Zone">Their time zone, of the IANA database; UTC unless told.</param>
/// <param name="StandIn">Another person, by name or id <c>act_…</c>, or null for nobody.</param>
/// <param name="StandInUntil">Until when they stand in.</param>
public sealed record NoticeSettingsAsk(bool Mail = true, string? Quiet = null, string? Zone = null, string? StandIn = null, DateTimeOffset? StandInUntil = null);

/// <summary>Names an address, to which a code is mailed. <c>POST /v1/me/notices/address</c></summary>
public sealed record AddressAsk(string Address);

/// <summary>Says the code that came. <c>POST /v1/me/notices/address/confirm</c></summary>
public sealed record AddressConfirm(string Code);

/// <summary>A notice to somebody. <c>GET /v1/notices</c></summary>
/// <param name="Id"><c>ntc_…</c></param>
/// <param name="To">Whom, by name.</param>
/// <param name="Kind">What: <c>asked</c>, <c>reminder</c>, <c>glass-broken</c>, <c>approved</c>, <c>denied</c>, <c>expired</c>, <c>glass-reviewed</c>, <c>grant-revoked</c>, <c>run-killed</c> or <c>series-suspended</c>.</param>
/// <param name="Subject">The request, grant or run that it is about.</param>
/// <param name="State"><c>waiting</c>, <c>sent</c>, <c>void</c> or <c>given-up</c>.</param>
/// <param name="DueAt">When it is sent or tried again.</param>
/// <param name="Trouble">Why it was not taken, or why there was nothing to tell any more.</param>
public sealed record NoticeView(
    string Id, string To, string Kind, string Subject, string State, DateTimeOffset CreatedAt, DateTimeOffset DueAt, DateTimeOffset? SettledAt, int Failures, string? Trouble);
