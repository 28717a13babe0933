using System.CommandLine;
using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Contracts;
using Writ.Contracts.Notices;

namespace Writ.Cli.Notices;

/// <summary><c>writ notices</c>: where and when one is told, and what became of notices.</summary>
internal static class NoticesVerb
{
    private const string Path = "/v1/me/notices";

    public static Verb Verb(CliContext context) =>
        new Verb("notices", "Where and when you are told of what waits for you", "writ notices show", "writ notices set --quiet 22:00-07:00 --zone Europe/Berlin", "writ notices address dana@example.com")
            .With(Show(context), Set(context), Address(context), Confirm(context), List(context));

    private static Verb Show(CliContext context)
    {
        var format = Shared.Format();
        return new Verb("show", "Show where and when you are told", "writ notices show").With(format).Does(async (parse, cancel) =>
        {
            var answer = await context.Server.GetAsync(Path, WritJson.Default.NoticeSettingsView, cancel);
            if (parse.GetValue(format) == "json")
                JsonText.Print(context.Terminal, answer.Json);
            else
                Print(context, answer.Value);
            return ExitCode.Ok;
        });
    }

    private static Verb Set(CliContext context)
    {
        var mail = Shared.Text("--mail", "be told by mail: on or off", "ON");
        Shared.OneOf(mail, "on", "off");
        var quiet = Shared.Text("--quiet", "hours of each day in which what can wait is held, or none", "HOURS");
        var zone = Shared.Text("--zone", "their time zone; UTC unless told", "ZONE");
        var standIn = Shared.Text("--stand-in", "who is told as well while you are away, or none", "USER");
        var until = new Option<DateTimeOffset?>("--until") { Description = "until when they stand in", CustomParser = Instant.OfOption, HelpName = "TIME" };
        return new Verb("set", "Change when you are told, and who is told as well", "writ notices set --quiet 22:00-07:00 --zone Europe/Berlin", "writ notices set --stand-in sam --until 2026-08-31T08:00Z", "writ notices set --mail off")
            .With(mail, quiet, zone, standIn, until).Does(async (parse, cancel) =>
        {
            if (new[] { parse.GetValue(mail), parse.GetValue(quiet), parse.GetValue(zone), parse.GetValue(standIn) }.All(value => value is null) && parse.GetValue(until) is null)
                throw Stop.Usage("nothing to change", "for example --quiet 22:00-07:00, or --mail off");
            var now = (await context.Server.GetAsync(Path, WritJson.Default.NoticeSettingsView, cancel)).Value;
            var hours = Else(parse.GetValue(quiet), now.Quiet);
            var other = Else(parse.GetValue(standIn), now.StandIn);
            if (parse.GetValue(standIn) is not (null or "none") && parse.GetValue(until) is null)
                throw Stop.Usage("whoever stands in does so until a time", "--until 2026-08-31T08:00Z");
            var ask = new NoticeSettingsAsk(
                parse.GetValue(mail) is { } word ? word == "on" : now.Mail, hours, hours is null ? null : parse.GetValue(zone) ?? now.Zone, other, other is null ? null : parse.GetValue(until) ?? now.StandInUntil);
            var answer = await context.Server.PutAsync(Path, ask, WritJson.Default.NoticeSettingsAsk, WritJson.Default.NoticeSettingsView, cancel);
            Print(context, answer.Value);
            return ExitCode.Ok;
        });

        static string? Else(string? asked, string? before) => asked is null ? before : asked == "none" ? null : asked;
    }

    private static Verb Address(CliContext context)
    {
        var address = new Argument<string>("ADDRESS") { Description = "your mail address", HelpName = "ADDRESS" };
        return new Verb("address", "Name your mail address; a code is mailed to it", "writ notices address dana@example.com").With(address).Does(async (parse, cancel) =>
        {
            await context.Server.PostAsync($"{Path}/address", new AddressAsk(parse.GetRequiredValue(address)), WritJson.Default.AddressAsk, WritJson.Default.NoticeSettingsView, cancel);
            context.Terminal.Print("a code was mailed there; say it within the hour: writ notices confirm CODE");
            return ExitCode.Ok;
        });
    }

    private static Verb Confirm(CliContext context)
    {
        var code = new Argument<string>("CODE") { Description = "the code that was mailed", HelpName = "CODE" };
        return new Verb("confirm", "Say the code that was mailed to your address", "writ notices confirm ABCD-2345").With(code).Does(async (parse, cancel) =>
        {
            var answer = await context.Server.PostAsync($"{Path}/address/confirm", new AddressConfirm(parse.GetRequiredValue(code)), WritJson.Default.AddressConfirm, WritJson.Default.NoticeSettingsView, cancel);
            Print(context, answer.Value);
            return ExitCode.Ok;
        });
    }

    private static Verb List(CliContext context)
    {
        var list = new Listing();
        return list.AddTo(new Verb("list", "List what people were told, or should have been; for auditors and admins", "writ notices list", "writ notices list --format json")).Does((parse, cancel) =>
            list.PrintAsync(context, parse, "/v1/notices", WritJson.Default.PageNoticeView, items =>
            {
                var table = new Columns(context.Terminal, "id", "to", "by", "what", "about", "state", "since", "trouble");
                foreach (var item in items)
                    table.Row(item.Id, item.To, item.Channel, item.Kind, item.Subject, item.State, When.Full(item.SettledAt ?? item.CreatedAt, context.Now), item.Trouble);
                table.Print();
            }, cancel));
    }

    private static void Print(CliContext context, NoticeSettingsView view)
    {
        var fields = new Fields()
            .Add("told by", view.Ways.Count == 0 ? "nothing" : string.Join(" and ", view.Ways), view.Ways.Count == 0 ? Tone.Notice : Tone.Plain)
            .Add("mail", view.Mail ? "on" : "off", view.Mail ? Tone.Plain : Tone.Notice)
            .Add("address", view.Address is null ? "none" : $"{view.Address}, by {From(view.AddressFrom)}")
            .Add("unconfirmed", view.Unconfirmed)
            .Add("quiet", view.Quiet is null ? "never" : $"{view.Quiet} {view.Zone}")
            .Add("stand-in", view.StandIn is null ? "nobody" : $"{view.StandIn} until {When.Full(view.StandInUntil!.Value, context.Now)}");
        foreach (var remark in view.Remarks)
            fields.Add("note", remark, Tone.Notice);
        foreach (var line in fields.Lines(context.Terminal))
            context.Terminal.Print(line);
    }

    private static string From(string? source) => source switch
    {
        "provider" => "the provider that you sign in with",
        "directory" => "your company's directory",
        "operator" => "the operator",
        _ => "a code that was mailed there",
    };
}
