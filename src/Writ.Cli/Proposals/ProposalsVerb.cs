using System.CommandLine;
using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Contracts;
using Writ.Contracts.Grants;
using Writ.Contracts.Identity;

namespace Writ.Cli.Proposals;

/// <summary><c>writ proposals</c>: what would give its author a new right, and waits for a second person.</summary>
internal static class ProposalsVerb
{
    public static Verb Verb(CliContext context)
    {
        var list = new Listing();
        return list.AddTo(new Verb("proposals", "List what waits for a second person; show, confirm or refuse it", "writ proposals", "writ proposals confirm prp_06bqz3w1x8"))
            .With(Show(context), Decide(context, "confirm", "Say yes as the second person: it is done then", "confirmed"), Decide(context, "refuse", "Say no, or take a proposal of your own back", "refused"))
            .Does((parse, cancel) => list.PrintAsync(context, parse, "/v1/proposals", WritJson.Default.PageProposalView, items =>
            {
                var table = new Columns(context.Terminal, "id", "state", "by", "what", "new to its author");
                foreach (var item in items)
                    table.Row(item.Id, item.State, item.By, What(item), string.Join("; ", item.NewRights));
                table.Print();
            }, cancel));
    }

    private static Verb Show(CliContext context)
    {
        var id = Shared.Id("PROPOSAL", "the proposal, prp_…");
        var content = new Option<bool>("--content") { Description = "only what is to be done: the policy's or the template's text, or the roles as JSON" };
        var format = Shared.Format();
        return new Verb("show", "Show a proposal", "writ proposals show prp_06bqz3w1x8", "writ proposals show prp_06bqz3w1x8 --content | diff policy.yaml -").With(id, content, format).Does(async (parse, cancel) =>
        {
            var answer = await context.Server.GetAsync($"/v1/proposals/{Shared.CheckedId(parse.GetRequiredValue(id), "prp_", "proposal")}", WritJson.Default.ProposalView, cancel);
            var proposal = answer.Value;
            if (parse.GetValue(format) == "json")
                JsonText.Print(context.Terminal, answer.Json);
            else if (parse.GetValue(content))
            {
                foreach (var line in (proposal.Content ?? "").TrimEnd('\n').Split('\n'))
                    context.Terminal.Print(Printable.Line(line));
            }
            else
            {
                foreach (var line in new Fields().Add("proposal", proposal.Id).Add("what", What(proposal)).Add("by", proposal.By)
                             .Add("new to them", proposal.NewRights).Add("state", proposal.DecidedBy is { } who ? $"{proposal.State} by {who}" : proposal.State)
                             .Add("made", When.Full(proposal.At, context.Now)).Add("ends", When.Full(proposal.ExpiresAt, context.Now)).Lines(context.Terminal))
                    context.Terminal.Print(line);
            }

            return ExitCode.Ok;
        });
    }

    private static Verb Decide(CliContext context, string verb, string description, string done)
    {
        var id = Shared.Id("PROPOSAL", "the proposal, prp_…");
        return new Verb(verb, description, $"writ proposals {verb} prp_06bqz3w1x8").With(id).Does(async (parse, cancel) =>
        {
            var proposal = Shared.CheckedId(parse.GetRequiredValue(id), "prp_", "proposal");
            var answer = await context.Server.PostAsync($"/v1/proposals/{proposal}/{verb}", new EndAsk(), WritJson.Default.EndAsk, WritJson.Default.ProposalView, cancel);
            context.Terminal.Print(Printable.Line($"{done}: {What(answer.Value)}, proposed by {answer.Value.By}"));
            return ExitCode.Ok;
        });
    }

    private static string What(ProposalView proposal) => proposal.Kind switch
    {
        "policy" => $"policy {proposal.Of[..Math.Min(12, proposal.Of.Length)]}",
        "template" => $"template {proposal.Of}",
        _ => $"roles of {proposal.Of}",
    };
}
