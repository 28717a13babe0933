using System.CommandLine;
using System.Globalization;
using System.Text;
using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Contracts;
using Writ.Proof.Addresses;

namespace Writ.Cli.Traces;

/// <summary><c>writ trace</c>: who touched an address then, with which command, and who had approved it.</summary>
internal static class TraceAddress
{
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(5);

    public static Verb Verb(CliContext context)
    {
        var target = new Argument<string?>("ADDRESS") { Description = "ADDRESS, ADDRESS:PORT or ADDRESS:PORT/udp; IPv6 with a port in brackets", HelpName = "ADDRESS", Arity = ArgumentArity.ZeroOrOne };
        var at = Shared.Text("--at", "a minute or second, for example 14:03 (the last one, in your time zone) or 2026-07-01T14:03:22Z", "TIME");
        var since = Shared.Text("--since", "from a time on, or that long ago", "TIME");
        var until = Shared.Text("--until", "up to a time; now unless told", "TIME");
        var within = Shared.Span("--within", "how far the other clock may be off, either way; 5s unless told");
        var from = Shared.Text("--from", "only what came from this source address", "ADDRESS");
        var limit = Shared.Count("--limit", "how many at most; 50 unless told");
        var format = Shared.Format();
        return new Verb("trace", "Tell which runs touched an address, who asked for them, and who approved",
            "writ trace 10.20.0.5:22 --at 14:03",
            "writ trace 10.20.0.5:53/udp --since 2h",
            "writ trace '[2001:db8:20::5]:443' --at 2026-07-01T14:03Z --format json",
            "writ trace --from 10.20.0.201 --at 14:03").With(target, at, since, until, within, from, limit, format).Does(async (parse, cancel) =>
        {
            var zone = context.Time.LocalTimeZone;
            var endpoint = parse.GetValue(target) is { } text ? Endpoint.Parse(text) ?? throw Stop.Usage($"'{text}' is no address with a port", "10.20.0.5, 10.20.0.5:22, 10.20.0.5:53/udp or [2001:db8::5]:443; names change, so trace an address") : null;
            var source = parse.GetValue(from) is not { } name ? (Address?)null : Address.TryParse(name, out var read) ? read : throw Stop.Usage($"--from: '{name}' is no address");
            if (endpoint is null && source is null)
                throw Stop.Usage("no address is named", "writ trace 10.20.0.5:22 --at 14:03, or writ trace --from 10.20.0.201");
            if (parse.GetValue(at) is not null && (parse.GetValue(since) ?? parse.GetValue(until)) is not null)
                throw Stop.Usage("--at goes without --since and --until");

            var about = parse.GetValue(within) ?? Tolerance;
            var moment = parse.GetValue(at) is { } then ? Moment.Parse(then, context.Now, zone) ?? throw Stop.Usage($"--at: '{then}' is no moment that has been", "write it like 14:03, 14:03:22 or 2026-07-01T14:03:22Z") : null;
            var begin = moment?.Begin - about ?? Edge(context, zone, "--since", parse.GetValue(since), isEnd: false);
            var end = moment?.End + about ?? Edge(context, zone, "--until", parse.GetValue(until), isEnd: true);
            if (begin >= end)
                throw Stop.Usage("the time ends before it begins");

            var path = new StringBuilder("/v1/trace?").Append(CultureInfo.InvariantCulture, $"limit={parse.GetValue(limit) ?? 50}");
            if (endpoint is not null)
                path.Append("&address=").Append(Uri.EscapeDataString(endpoint.Address.ToString()));
            if (endpoint?.Port is { } port)
                path.Append(CultureInfo.InvariantCulture, $"&port={port}&protocol={endpoint.Protocol}");
            if (source is { } origin)
                path.Append("&from=").Append(Uri.EscapeDataString(origin.ToString()));
            if (begin is { } first)
                path.Append("&since=").Append(Uri.EscapeDataString(Instant.Format(first)));
            if (end is { } last)
                path.Append("&until=").Append(Uri.EscapeDataString(Instant.Format(last)));
            var answer = await context.Server.GetAsync(path.ToString(), WritJson.Default.TraceView, cancel);
            if (parse.GetValue(format) == "json")
                JsonText.Print(context.Terminal, answer.Json);
            else
                TraceText.Print(context, zone, answer.Value, endpoint?.ToString(), moment, about);
            return ExitCode.Ok;
        });
    }

    private static DateTimeOffset? Edge(CliContext context, TimeZoneInfo zone, string option, string? text, bool isEnd) => text is null
        ? null
        : Moment.Edge(text, context.Now, zone, isEnd) ?? throw Stop.Usage($"{option}: '{text}' is no time", "write it like 14:03, 2h or 2026-07-01T14:03:22Z");
}
