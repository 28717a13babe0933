using Writ.Core.Audit;
using Writ.Proof.Errors;
using Writ.Server.Streams;

namespace Writ.Server.Commands;

/// <summary>A stream as somebody asks for it.</summary>
internal sealed record StreamWish(
    string Name, string? To, string? ToFile, string? Form, string[] Only, string? Ca, string? TokenFile, string? WebhookKeys, bool AllowPrivate, bool FromNow)
{
    private static readonly Dictionary<string, StreamForm> Forms = new(StringComparer.Ordinal)
    {
        ["ocsf"] = StreamForm.Ocsf, ["cloudevents"] = StreamForm.CloudEvents, ["slack"] = StreamForm.Slack, ["teams"] = StreamForm.Teams,
    };

    /// <summary>What its events are; none for a word that is no form.</summary>
    public StreamForm Chosen => Form is null ? WebhookKeys is null ? StreamForm.Ocsf : StreamForm.CloudEvents : Forms.GetValueOrDefault(Form);

    /// <summary>Whether it begins with the next entry. A channel does: what is long over is no news.</summary>
    public bool BeginsNow => FromNow || ToFile is not null;

    /// <summary>How a form is spelled.</summary>
    public static string Word(StreamForm form) => Forms.Single(word => word.Value == form).Key;

    /// <summary>What of it does not go together; null where all does.</summary>
    public Refusal? Misfit(StreamKind kind)
    {
        if (Chosen == StreamForm.None)
            return new(ErrorCode.InvalidInput, $"--form: there is no form '{Form}'", string.Join(", ", Forms.Keys));
        if ((Chosen is StreamForm.Slack or StreamForm.Teams) != (ToFile is not null))
            return new(ErrorCode.InvalidInput, "--to-file goes with --form slack or teams, and they with it", "the address of a channel's incoming webhook is a secret");
        if (TokenFile is not null && (kind != StreamKind.Https || ToFile is not null))
            return new(ErrorCode.InvalidInput, "--token-file goes with --to and https");
        if (Ca is not null && kind == StreamKind.File)
            return new(ErrorCode.InvalidInput, "--ca goes with https and syslog+tls");
        if (WebhookKeys is not null && (kind != StreamKind.Https || TokenFile is not null || Chosen != StreamForm.CloudEvents))
            return new(ErrorCode.InvalidInput, "--webhook-keys goes with https, without --token-file, and with cloudevents");
        if (AllowPrivate && WebhookKeys is null && ToFile is null)
            return new(ErrorCode.InvalidInput, "--allow-private goes with --webhook-keys and --to-file", "other streams go where they are told to");
        return Array.Find(Only, type => !EntryTypes.IsKnown(type)) is { } unknown
            ? new(ErrorCode.InvalidInput, $"--only: no entry is of type '{unknown}'", "the types are in docs/audit-log.md; run.* is all of runs")
            : null;
    }

    /// <summary>A file of secrets that everybody may read; null where there is none.</summary>
    /// <exception cref="IOException">One of its files is not there.</exception>
    public Refusal? Exposed()
    {
        foreach (var (option, file) in new[] { ("--token-file", TokenFile), ("--webhook-keys", WebhookKeys), ("--to-file", ToFile) })
        {
            if (file is not null && (File.GetUnixFileMode(file) & (UnixFileMode.OtherRead | UnixFileMode.OtherWrite)) != 0)
                return new(ErrorCode.InvalidInput, $"{option}: everybody on this machine may read {file}", $"chmod 640 {file}, for the group of the server");
        }

        return null;
    }
}
