namespace Writ.Contracts.Retention;

/// <summary>How long evidence of a kind is kept. <c>GET /v1/retention</c></summary>
/// <param name="Kind"><c>recordings</c>, <c>results</c> or <c>files</c>.</param>
/// <param name="KeepSeconds">After the end of its run; of a file, after it was last handed in. Null: for ever.</param>
/// <param name="SetAt">Since when; null where nobody ever said so.</param>
public sealed record RetentionView(string Kind, double? KeepSeconds, DateTimeOffset? SetAt);

/// <summary>Sets it. <c>PUT /v1/retention/{kind}</c></summary>
/// <param name="KeepSeconds">From one day to 36,500 days; null: for ever.</param>
public sealed record RetentionAsk(double? KeepSeconds);
