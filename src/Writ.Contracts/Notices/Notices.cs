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
/// <param name="Ways">By which ways the caller is told: <c>mail</c>, <c>push</c>, both or none.</param>
public sealed record NoticeSettingsView(
    bool Mail, string? Address, string? AddressFrom, string? Unconfirmed, string? Quiet, string? Zone, string? StandIn, DateTimeOffset? StandInUntil, IReadOnlyList<string> Remarks, IReadOnlyList<string> Ways);

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
/// <param name="Channel">By which way: <c>mail</c> or <c>push</c>.</param>
/// <param name="Subject">The request, grant or run that it is about.</param>
/// <param name="State"><c>waiting</c>, <c>sent</c>, <c>void</c> or <c>given-up</c>.</param>
/// <param name="DueAt">When it is sent or tried again.</param>
/// <param name="Trouble">Why it was not taken, or why there was nothing to tell any more.</param>
public sealed record NoticeView(
    string Id, string To, string Kind, string Channel, string Subject, string State, DateTimeOffset CreatedAt, DateTimeOffset DueAt, DateTimeOffset? SettledAt, int Failures, string? Trouble);

/// <summary>In which browsers the caller is told. <c>GET /v1/me/push</c></summary>
/// <param name="Key">The key that a browser asks its push service with (base64url, 87 characters); null where this server tells nobody by push.</param>
/// <param name="Browsers">Those that are on.</param>
public sealed record PushView(string? Key, IReadOnlyList<PushBrowserView> Browsers);

/// <summary>One of them.</summary>
/// <param name="Id"><c>psh_…</c></param>
/// <param name="Browser">What it calls itself.</param>
/// <param name="Host">The host of its push service.</param>
/// <param name="TakenAt">When something for it was last taken, or null.</param>
/// <param name="Failures">How often nothing was taken since then.</param>
public sealed record PushBrowserView(string Id, string Browser, string Host, DateTimeOffset CreatedAt, DateTimeOffset? TakenAt, int Failures);

/// <summary>Turns a browser on, as its push service describes it. <c>POST /v1/me/push</c></summary>
/// <param name="Endpoint">Where the push service takes messages for it: https, 1000 characters at most.</param>
/// <param name="P256dh">Its public key, 65 bytes in base64url.</param>
/// <param name="Auth">Its secret, 16 bytes in base64url.</param>
/// <param name="Browser">What it shall be called, 60 characters at most.</param>
public sealed record PushAsk(string Endpoint, string P256dh, string Auth, string? Browser = null);
