using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;
using Writ.Core;
using Writ.Core.Identity;
using Writ.Core.Notices;
using Writ.Core.Series;
using Writ.Proof;
using Writ.Proof.Identity;
using Writ.Server.Streams;

namespace Writ.Server.Storage;

/// <summary>How values stand in both databases: the same text, the same numbers, the same order.</summary>
internal static class Conversions
{
    public static void Use(ModelConfigurationBuilder conventions, string? textCollation)
    {
        conventions.Properties<DateTimeOffset>().HaveConversion<Instant>();
        conventions.Properties<TimeSpan>().HaveConversion<Duration>();
        conventions.Properties<string>().HaveConversion<Text>();
        conventions.Properties<string[]>().HaveConversion<Strings, StringsComparer>();
        conventions.Properties<ActorKind>().HaveConversion<string>();
        conventions.Properties<RequestState>().HaveConversion<string>();
        conventions.Properties<GrantState>().HaveConversion<string>();
        conventions.Properties<RunState>().HaveConversion<string>();
        conventions.Properties<ExtensionState>().HaveConversion<string>();
        conventions.Properties<GlassState>().HaveConversion<string>();
        conventions.Properties<SeriesState>().HaveConversion<string>();
        conventions.Properties<OccurrenceOutcome>().HaveConversion<string>();
        conventions.Properties<StreamForm>().HaveConversion<string>();
        conventions.Properties<NoticeKind>().HaveConversion<string>();
        conventions.Properties<NoticeState>().HaveConversion<string>();
        conventions.Properties<NoticeChannel>().HaveConversion<string>();
        conventions.Properties<ActorId>().HaveConversion<ActorIds>();
        conventions.Properties<TokenId>().HaveConversion<TokenIds>();
        conventions.Properties<RequestId>().HaveConversion<RequestIds>();
        conventions.Properties<DecisionId>().HaveConversion<DecisionIds>();
        conventions.Properties<GrantId>().HaveConversion<GrantIds>();
        conventions.Properties<RunId>().HaveConversion<RunIds>();
        conventions.Properties<RunnerId>().HaveConversion<RunnerIds>();
        conventions.Properties<PasskeyId>().HaveConversion<PasskeyIds>();
        conventions.Properties<ProposalId>().HaveConversion<ProposalIds>();
        conventions.Properties<SeriesId>().HaveConversion<SeriesIds>();
        conventions.Properties<NoticeId>().HaveConversion<NoticeIds>();
        conventions.Properties<PushId>().HaveConversion<PushIds>();
        if (textCollation is null)
            return;

        // Text keys compare bytewise. SQLite does so by itself; PostgreSQL must be told, column by column.
        foreach (var type in new[]
                 {
                     typeof(string), typeof(ActorId), typeof(TokenId), typeof(RequestId), typeof(DecisionId), typeof(GrantId),
                     typeof(RunId), typeof(RunnerId), typeof(PasskeyId), typeof(ProposalId), typeof(SeriesId), typeof(NoticeId), typeof(PushId), typeof(NoticeKind), typeof(NoticeState), typeof(NoticeChannel), typeof(ActorKind), typeof(RequestState), typeof(GrantState), typeof(RunState), typeof(ExtensionState), typeof(GlassState), typeof(SeriesState), typeof(OccurrenceOutcome), typeof(StreamForm),
                 })
            conventions.Properties(type).UseCollation(textCollation);
    }

    /// <summary>
    /// PostgreSQL's text holds no NUL. People and runners can send one, and what takes a right away must never fail by the
    /// words of its reason: both databases keep the replacement character in its place.
    /// </summary>
    private sealed class Text() : ValueConverter<string, string>(text => text.Replace('\0', '\uFFFD'), stored => stored);

    private sealed class Instant() : ValueConverter<DateTimeOffset, long>(
        instant => UnixMicroseconds.From(instant), stored => UnixMicroseconds.ToInstant(stored));

    private sealed class Duration() : ValueConverter<TimeSpan, long>(
        duration => UnixMicroseconds.From(duration), stored => UnixMicroseconds.ToDuration(stored));

    private sealed class Strings() : ValueConverter<string[], string>(
        list => JsonSerializer.Serialize(list, JsonSerializerOptions.Default),
        stored => JsonSerializer.Deserialize<string[]>(stored, JsonSerializerOptions.Default) ?? Array.Empty<string>());

    private sealed class StringsComparer() : ValueComparer<string[]>(
        (a, b) => a == b || (a != null && b != null && a.SequenceEqual(b)),
        list => list.Aggregate(0, HashCode.Combine),
        list => list.ToArray());

    private sealed class ActorIds() : ValueConverter<ActorId, string>(id => id.ToString(), text => ActorId.Parse(text));

    private sealed class TokenIds() : ValueConverter<TokenId, string>(id => id.ToString(), text => TokenId.Parse(text));

    private sealed class RequestIds() : ValueConverter<RequestId, string>(id => id.ToString(), text => RequestId.Parse(text));

    private sealed class DecisionIds() : ValueConverter<DecisionId, string>(id => id.ToString(), text => DecisionId.Parse(text));

    private sealed class GrantIds() : ValueConverter<GrantId, string>(id => id.ToString(), text => GrantId.Parse(text));

    private sealed class RunIds() : ValueConverter<RunId, string>(id => id.ToString(), text => RunId.Parse(text));

    private sealed class ProposalIds() : ValueConverter<ProposalId, string>(id => id.ToString(), text => ProposalId.Parse(text));

    private sealed class SeriesIds() : ValueConverter<SeriesId, string>(id => id.ToString(), text => SeriesId.Parse(text));

    private sealed class NoticeIds() : ValueConverter<NoticeId, string>(id => id.ToString(), text => NoticeId.Parse(text));

    private sealed class PushIds() : ValueConverter<PushId, string>(id => id.ToString(), text => PushId.Parse(text));

    private sealed class RunnerIds() : ValueConverter<RunnerId, string>(id => id.ToString(), text => RunnerId.Parse(text));

    private sealed class PasskeyIds() : ValueConverter<PasskeyId, string>(id => id.ToString(), text => PasskeyId.Parse(text));
}
