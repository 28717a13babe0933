using System.Diagnostics.CodeAnalysis;

namespace Writ.Proof.Identity;

/// <summary>Names an actor: a user, a workload, or the system itself.</summary>
public readonly record struct ActorId(Guid Value) : IComparable<ActorId>
{
    /// <summary>What every such id begins with.</summary>
    public const string Prefix = "act_";

    /// <summary>A new id; ids of later instants sort later.</summary>
    public static ActorId New(DateTimeOffset now) => new(Guid.CreateVersion7(now));

    /// <summary>Reads the text form; false for anything else.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out ActorId id)
    {
        var ok = IdText.TryParse(Prefix, text, out var value);
        id = new(value);
        return ok;
    }

    /// <summary>Reads the text form of an id that this program wrote itself.</summary>
    /// <exception cref="FormatException">The text is no such id.</exception>
    public static ActorId Parse(string text) =>
        TryParse(text, out var id) ? id : throw new FormatException($"'{text}' is no ActorId");

    /// <inheritdoc/>
    public override string ToString() => IdText.Format(Prefix, Value);

    /// <summary>By the time they were made.</summary>
    public int CompareTo(ActorId other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public static bool operator <(ActorId a, ActorId b) => a.CompareTo(b) < 0;
    /// <inheritdoc/>
    public static bool operator >(ActorId a, ActorId b) => a.CompareTo(b) > 0;
    /// <inheritdoc/>
    public static bool operator <=(ActorId a, ActorId b) => a.CompareTo(b) <= 0;
    /// <inheritdoc/>
    public static bool operator >=(ActorId a, ActorId b) => a.CompareTo(b) >= 0;
}

/// <summary>Names an access request, across all its revisions.</summary>
public readonly record struct RequestId(Guid Value) : IComparable<RequestId>
{
    /// <summary>What every such id begins with.</summary>
    public const string Prefix = "req_";

    /// <summary>A new id; ids of later instants sort later.</summary>
    public static RequestId New(DateTimeOffset now) => new(Guid.CreateVersion7(now));

    /// <summary>Reads the text form; false for anything else.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out RequestId id)
    {
        var ok = IdText.TryParse(Prefix, text, out var value);
        id = new(value);
        return ok;
    }

    /// <summary>Reads the text form of an id that this program wrote itself.</summary>
    /// <exception cref="FormatException">The text is no such id.</exception>
    public static RequestId Parse(string text) =>
        TryParse(text, out var id) ? id : throw new FormatException($"'{text}' is no RequestId");

    /// <inheritdoc/>
    public override string ToString() => IdText.Format(Prefix, Value);

    /// <summary>By the time they were made.</summary>
    public int CompareTo(RequestId other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public static bool operator <(RequestId a, RequestId b) => a.CompareTo(b) < 0;
    /// <inheritdoc/>
    public static bool operator >(RequestId a, RequestId b) => a.CompareTo(b) > 0;
    /// <inheritdoc/>
    public static bool operator <=(RequestId a, RequestId b) => a.CompareTo(b) <= 0;
    /// <inheritdoc/>
    public static bool operator >=(RequestId a, RequestId b) => a.CompareTo(b) >= 0;
}

/// <summary>Names one recorded yes or no.</summary>
public readonly record struct DecisionId(Guid Value) : IComparable<DecisionId>
{
    /// <summary>What every such id begins with.</summary>
    public const string Prefix = "dec_";

    /// <summary>A new id; ids of later instants sort later.</summary>
    public static DecisionId New(DateTimeOffset now) => new(Guid.CreateVersion7(now));

    /// <summary>Reads the text form; false for anything else.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out DecisionId id)
    {
        var ok = IdText.TryParse(Prefix, text, out var value);
        id = new(value);
        return ok;
    }

    /// <summary>Reads the text form of an id that this program wrote itself.</summary>
    /// <exception cref="FormatException">The text is no such id.</exception>
    public static DecisionId Parse(string text) =>
        TryParse(text, out var id) ? id : throw new FormatException($"'{text}' is no DecisionId");

    /// <inheritdoc/>
    public override string ToString() => IdText.Format(Prefix, Value);

    /// <summary>By the time they were made.</summary>
    public int CompareTo(DecisionId other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public static bool operator <(DecisionId a, DecisionId b) => a.CompareTo(b) < 0;
    /// <inheritdoc/>
    public static bool operator >(DecisionId a, DecisionId b) => a.CompareTo(b) > 0;
    /// <inheritdoc/>
    public static bool operator <=(DecisionId a, DecisionId b) => a.CompareTo(b) <= 0;
    /// <inheritdoc/>
    public static bool operator >=(DecisionId a, DecisionId b) => a.CompareTo(b) >= 0;
}

/// <summary>Names a series of runs that was approved as one.</summary>
public readonly record struct SeriesId(Guid Value) : IComparable<SeriesId>
{
    /// <summary>What every such id begins with.</summary>
    public const string Prefix = "ser_";

    /// <summary>A new id; ids of later instants sort later.</summary>
    public static SeriesId New(DateTimeOffset now) => new(Guid.CreateVersion7(now));

    /// <summary>Reads the text form; false for anything else.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out SeriesId id)
    {
        var ok = IdText.TryParse(Prefix, text, out var value);
        id = new(value);
        return ok;
    }

    /// <summary>Reads the text form of an id that this program wrote itself.</summary>
    /// <exception cref="FormatException">The text is no such id.</exception>
    public static SeriesId Parse(string text) =>
        TryParse(text, out var id) ? id : throw new FormatException($"'{text}' is no SeriesId");

    /// <inheritdoc/>
    public override string ToString() => IdText.Format(Prefix, Value);

    /// <summary>By the time they were made.</summary>
    public int CompareTo(SeriesId other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public static bool operator <(SeriesId a, SeriesId b) => a.CompareTo(b) < 0;
    /// <inheritdoc/>
    public static bool operator >(SeriesId a, SeriesId b) => a.CompareTo(b) > 0;
    /// <inheritdoc/>
    public static bool operator <=(SeriesId a, SeriesId b) => a.CompareTo(b) <= 0;
    /// <inheritdoc/>
    public static bool operator >=(SeriesId a, SeriesId b) => a.CompareTo(b) >= 0;
}

/// <summary>Names a grant.</summary>
public readonly record struct GrantId(Guid Value) : IComparable<GrantId>
{
    /// <summary>What every such id begins with.</summary>
    public const string Prefix = "gr_";

    /// <summary>A new id; ids of later instants sort later.</summary>
    public static GrantId New(DateTimeOffset now) => new(Guid.CreateVersion7(now));

    /// <summary>Reads the text form; false for anything else.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out GrantId id)
    {
        var ok = IdText.TryParse(Prefix, text, out var value);
        id = new(value);
        return ok;
    }

    /// <summary>Reads the text form of an id that this program wrote itself.</summary>
    /// <exception cref="FormatException">The text is no such id.</exception>
    public static GrantId Parse(string text) =>
        TryParse(text, out var id) ? id : throw new FormatException($"'{text}' is no GrantId");

    /// <inheritdoc/>
    public override string ToString() => IdText.Format(Prefix, Value);

    /// <summary>By the time they were made.</summary>
    public int CompareTo(GrantId other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public static bool operator <(GrantId a, GrantId b) => a.CompareTo(b) < 0;
    /// <inheritdoc/>
    public static bool operator >(GrantId a, GrantId b) => a.CompareTo(b) > 0;
    /// <inheritdoc/>
    public static bool operator <=(GrantId a, GrantId b) => a.CompareTo(b) <= 0;
    /// <inheritdoc/>
    public static bool operator >=(GrantId a, GrantId b) => a.CompareTo(b) >= 0;
}

/// <summary>Names a run.</summary>
public readonly record struct RunId(Guid Value) : IComparable<RunId>
{
    /// <summary>What every such id begins with.</summary>
    public const string Prefix = "run_";

    /// <summary>A new id; ids of later instants sort later.</summary>
    public static RunId New(DateTimeOffset now) => new(Guid.CreateVersion7(now));

    /// <summary>Reads the text form; false for anything else.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out RunId id)
    {
        var ok = IdText.TryParse(Prefix, text, out var value);
        id = new(value);
        return ok;
    }

    /// <summary>Reads the text form of an id that this program wrote itself.</summary>
    /// <exception cref="FormatException">The text is no such id.</exception>
    public static RunId Parse(string text) =>
        TryParse(text, out var id) ? id : throw new FormatException($"'{text}' is no RunId");

    /// <inheritdoc/>
    public override string ToString() => IdText.Format(Prefix, Value);

    /// <summary>By the time they were made.</summary>
    public int CompareTo(RunId other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public static bool operator <(RunId a, RunId b) => a.CompareTo(b) < 0;
    /// <inheritdoc/>
    public static bool operator >(RunId a, RunId b) => a.CompareTo(b) > 0;
    /// <inheritdoc/>
    public static bool operator <=(RunId a, RunId b) => a.CompareTo(b) <= 0;
    /// <inheritdoc/>
    public static bool operator >=(RunId a, RunId b) => a.CompareTo(b) >= 0;
}

/// <summary>Names an enrolled runner.</summary>
public readonly record struct RunnerId(Guid Value) : IComparable<RunnerId>
{
    /// <summary>What every such id begins with.</summary>
    public const string Prefix = "rnr_";

    /// <summary>A new id; ids of later instants sort later.</summary>
    public static RunnerId New(DateTimeOffset now) => new(Guid.CreateVersion7(now));

    /// <summary>Reads the text form; false for anything else.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out RunnerId id)
    {
        var ok = IdText.TryParse(Prefix, text, out var value);
        id = new(value);
        return ok;
    }

    /// <summary>Reads the text form of an id that this program wrote itself.</summary>
    /// <exception cref="FormatException">The text is no such id.</exception>
    public static RunnerId Parse(string text) =>
        TryParse(text, out var id) ? id : throw new FormatException($"'{text}' is no RunnerId");

    /// <inheritdoc/>
    public override string ToString() => IdText.Format(Prefix, Value);

    /// <summary>By the time they were made.</summary>
    public int CompareTo(RunnerId other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public static bool operator <(RunnerId a, RunnerId b) => a.CompareTo(b) < 0;
    /// <inheritdoc/>
    public static bool operator >(RunnerId a, RunnerId b) => a.CompareTo(b) > 0;
    /// <inheritdoc/>
    public static bool operator <=(RunnerId a, RunnerId b) => a.CompareTo(b) <= 0;
    /// <inheritdoc/>
    public static bool operator >=(RunnerId a, RunnerId b) => a.CompareTo(b) >= 0;
}

/// <summary>Names a proposal: what waits for a second person.</summary>
public readonly record struct ProposalId(Guid Value) : IComparable<ProposalId>
{
    /// <summary>What every such id begins with.</summary>
    public const string Prefix = "prp_";

    /// <summary>A new id; ids of later instants sort later.</summary>
    public static ProposalId New(DateTimeOffset now) => new(Guid.CreateVersion7(now));

    /// <summary>Reads the text form; false for anything else.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out ProposalId id)
    {
        var ok = IdText.TryParse(Prefix, text, out var value);
        id = new(value);
        return ok;
    }

    /// <summary>Reads the text form of an id that this program wrote itself.</summary>
    /// <exception cref="FormatException">The text is no such id.</exception>
    public static ProposalId Parse(string text) =>
        TryParse(text, out var id) ? id : throw new FormatException($"'{text}' is no ProposalId");

    /// <inheritdoc/>
    public override string ToString() => IdText.Format(Prefix, Value);

    /// <summary>By the time they were made.</summary>
    public int CompareTo(ProposalId other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public static bool operator <(ProposalId a, ProposalId b) => a.CompareTo(b) < 0;
    /// <inheritdoc/>
    public static bool operator >(ProposalId a, ProposalId b) => a.CompareTo(b) > 0;
    /// <inheritdoc/>
    public static bool operator <=(ProposalId a, ProposalId b) => a.CompareTo(b) <= 0;
    /// <inheritdoc/>
    public static bool operator >=(ProposalId a, ProposalId b) => a.CompareTo(b) >= 0;
}

/// <summary>Names an access token; it is no secret.</summary>
public readonly record struct TokenId(Guid Value) : IComparable<TokenId>
{
    /// <summary>What every such id begins with.</summary>
    public const string Prefix = "tok_";

    /// <summary>A new id; ids of later instants sort later.</summary>
    public static TokenId New(DateTimeOffset now) => new(Guid.CreateVersion7(now));

    /// <summary>Reads the text form; false for anything else.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out TokenId id)
    {
        var ok = IdText.TryParse(Prefix, text, out var value);
        id = new(value);
        return ok;
    }

    /// <summary>Reads the text form of an id that this program wrote itself.</summary>
    /// <exception cref="FormatException">The text is no such id.</exception>
    public static TokenId Parse(string text) =>
        TryParse(text, out var id) ? id : throw new FormatException($"'{text}' is no TokenId");

    /// <inheritdoc/>
    public override string ToString() => IdText.Format(Prefix, Value);

    /// <summary>By the time they were made.</summary>
    public int CompareTo(TokenId other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public static bool operator <(TokenId a, TokenId b) => a.CompareTo(b) < 0;
    /// <inheritdoc/>
    public static bool operator >(TokenId a, TokenId b) => a.CompareTo(b) > 0;
    /// <inheritdoc/>
    public static bool operator <=(TokenId a, TokenId b) => a.CompareTo(b) <= 0;
    /// <inheritdoc/>
    public static bool operator >=(TokenId a, TokenId b) => a.CompareTo(b) >= 0;
}

/// <summary>Names a passkey with which a person approves.</summary>
public readonly record struct PasskeyId(Guid Value) : IComparable<PasskeyId>
{
    /// <summary>What every such id begins with.</summary>
    public const string Prefix = "pk_";

    /// <summary>A new id; ids of later instants sort later.</summary>
    public static PasskeyId New(DateTimeOffset now) => new(Guid.CreateVersion7(now));

    /// <summary>Reads the text form; false for anything else.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out PasskeyId id)
    {
        var ok = IdText.TryParse(Prefix, text, out var value);
        id = new(value);
        return ok;
    }

    /// <summary>Reads the text form of an id that this program wrote itself.</summary>
    /// <exception cref="FormatException">The text is no such id.</exception>
    public static PasskeyId Parse(string text) =>
        TryParse(text, out var id) ? id : throw new FormatException($"'{text}' is no PasskeyId");

    /// <inheritdoc/>
    public override string ToString() => IdText.Format(Prefix, Value);

    /// <summary>By the time they were made.</summary>
    public int CompareTo(PasskeyId other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public static bool operator <(PasskeyId a, PasskeyId b) => a.CompareTo(b) < 0;
    /// <inheritdoc/>
    public static bool operator >(PasskeyId a, PasskeyId b) => a.CompareTo(b) > 0;
    /// <inheritdoc/>
    public static bool operator <=(PasskeyId a, PasskeyId b) => a.CompareTo(b) <= 0;
    /// <inheritdoc/>
    public static bool operator >=(PasskeyId a, PasskeyId b) => a.CompareTo(b) >= 0;
}

/// <summary>Names a notice to a person.</summary>
public readonly record struct NoticeId(Guid Value) : IComparable<NoticeId>
{
    /// <summary>What every such id begins with.</summary>
    public const string Prefix = "ntc_";

    /// <summary>A new id; ids of later instants sort later.</summary>
    public static NoticeId New(DateTimeOffset now) => new(Guid.CreateVersion7(now));

    /// <summary>Reads the text form; false for anything else.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out NoticeId id)
    {
        var ok = IdText.TryParse(Prefix, text, out var value);
        id = new(value);
        return ok;
    }

    /// <summary>Reads the text form of an id that this program wrote itself.</summary>
    /// <exception cref="FormatException">The text is no such id.</exception>
    public static NoticeId Parse(string text) =>
        TryParse(text, out var id) ? id : throw new FormatException($"'{text}' is no NoticeId");

    /// <inheritdoc/>
    public override string ToString() => IdText.Format(Prefix, Value);

    /// <summary>By the time they were made.</summary>
    public int CompareTo(NoticeId other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public static bool operator <(NoticeId a, NoticeId b) => a.CompareTo(b) < 0;
    /// <inheritdoc/>
    public static bool operator >(NoticeId a, NoticeId b) => a.CompareTo(b) > 0;
    /// <inheritdoc/>
    public static bool operator <=(NoticeId a, NoticeId b) => a.CompareTo(b) <= 0;
    /// <inheritdoc/>
    public static bool operator >=(NoticeId a, NoticeId b) => a.CompareTo(b) >= 0;
}

/// <summary>Names a browser to which a person is told by push.</summary>
public readonly record struct PushId(Guid Value) : IComparable<PushId>
{
    /// <summary>What every such id begins with.</summary>
    public const string Prefix = "psh_";

    /// <summary>A new id; ids of later instants sort later.</summary>
    public static PushId New(DateTimeOffset now) => new(Guid.CreateVersion7(now));

    /// <summary>Reads the text form; false for anything else.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out PushId id)
    {
        var ok = IdText.TryParse(Prefix, text, out var value);
        id = new(value);
        return ok;
    }

    /// <summary>Reads the text form of an id that this program wrote itself.</summary>
    /// <exception cref="FormatException">The text is no such id.</exception>
    public static PushId Parse(string text) =>
        TryParse(text, out var id) ? id : throw new FormatException($"'{text}' is no PushId");

    /// <inheritdoc/>
    public override string ToString() => IdText.Format(Prefix, Value);

    /// <summary>By the time they were made.</summary>
    public int CompareTo(PushId other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public static bool operator <(PushId a, PushId b) => a.CompareTo(b) < 0;
    /// <inheritdoc/>
    public static bool operator >(PushId a, PushId b) => a.CompareTo(b) > 0;
    /// <inheritdoc/>
    public static bool operator <=(PushId a, PushId b) => a.CompareTo(b) <= 0;
    /// <inheritdoc/>
    public static bool operator >=(PushId a, PushId b) => a.CompareTo(b) >= 0;
}
