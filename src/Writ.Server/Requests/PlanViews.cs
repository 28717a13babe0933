using System.Globalization;
using System.Text;
using Writ.Contracts.Requests;
using Writ.Core.Tools;
using Writ.Proof.Addresses;
using Writ.Proof.Statements;

namespace Writ.Server.Requests;

/// <summary>A plan as the API shows it, to the requester who asks what it means and to the approver alike.</summary>
internal static class PlanViews
{
    private const int HeadCharacters = 1_000;
    /// <summary>A list of a hundred thousand targets is told by its count; the statement holds all of them.</summary>
    private const int MostRanges = 1_000;
    private const int HeadLines = 20;

    /// <summary>The view.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="inputs">The contents of its inputs by argument.</param>
    /// <param name="window">How long the right lasts, or is asked for where it is denied; null where that is left to the rule.</param>
    /// <param name="budget">What the rules let a run use up.</param>
    public static PlanView Of(Plan plan, IReadOnlyDictionary<string, ReadOnlyMemory<byte>> inputs, TimeSpan? window, Budget budget)
    {
        var scope = ScopeText.Of(plan.Scope);
        return new(
            plan.Tool, plan.Executed, scope with { Addresses = Some(scope.Addresses) }, Some(plan.Targets.ToTexts()), plan.Targets.Count.ToString(CultureInfo.InvariantCulture),
            plan.Tcp.ToString(), plan.Udp.ToString(), plan.Sctp.ToString(), plan.Techniques,
            [.. plan.Scripts.Select(script => new ScriptView(script.Name, script.Categories, script.Implied))],
            plan.Timing, plan.EstimatedPackets, plan.EstimatedDuration.TotalSeconds,
            [.. plan.Inputs.Select(input => new InputView(input.Argument, input.Purpose, input.Bytes, input.Sha256, Head(inputs, input.Argument)))],
            [.. plan.Outputs.Select(output => new OutputView(output.Argument, output.Ending, output.Format, output.Append))],
            [.. plan.Names.Select(name => new NameView(name.Name, [.. name.Addresses.Select(address => address.ToString())]))],
            [.. plan.Traffic.Select(traffic => new TrafficView(traffic.Purpose, traffic.Packets))],
            PlanWarnings.Of(plan, window, budget),
            plan.EstimatedPacketsUnanswered,
            plan.Secrets.Count > 0 ? [.. plan.Secrets.Select(secret => new SecretView(secret.Name, secret.Environment, secret.UserEnvironment, secret.Path))] : null,
            plan.Terminal);
    }

    private static IReadOnlyList<string> Some(IReadOnlyList<string> ranges) => ranges.Count <= MostRanges ? ranges : [.. ranges.Take(MostRanges)];

    private static string Head(IReadOnlyDictionary<string, ReadOnlyMemory<byte>> inputs, string argument)
    {
        if (!inputs.TryGetValue(argument, out var content))
            return "";
        // One character has at most four bytes.
        var text = Encoding.UTF8.GetString(content.Span[..Math.Min(content.Length, 4 * HeadCharacters)]);
        var lines = text.Split('\n');
        text = lines.Length > HeadLines ? string.Join('\n', lines[..HeadLines]) : text;
        return text.Length > HeadCharacters ? text[..HeadCharacters] : text;
    }
}
