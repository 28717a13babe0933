using Writ.Cli.Output;
using Writ.Contracts.Runs;

namespace Writ.Cli.Runs;

/// <summary>Tells whoever follows a run where it tries to send to that it may not, while it lives: each destination when it is new or goes on.</summary>
internal sealed class OutOfScope
{
    /// <summary>The most lines of one report.</summary>
    private const int Most = 5;
    private readonly Dictionary<(string Address, string Protocol, int Port), long> _told = [];
    private long _all;

    /// <summary>Says what this report tells beyond the ones before it.</summary>
    public void Tell(Terminal terminal, FenceView fence)
    {
        if (fence.RefusedPackets is not { } all || all <= _all)
            return;
        _all = all;
        var more = fence.Refused.Where(each => each.Packets > _told.GetValueOrDefault(Key(each))).ToList();
        foreach (var refused in more)
            _told[Key(refused)] = refused.Packets;
        foreach (var refused in more.Take(Most))
            terminal.Say($"writ: out of scope, stopped: {Printable.Line(RunText.Refused(refused))}");
        if (more.Count != 1 || all > more[0].Packets)
            terminal.Say($"writ: {RunText.Count(all, "packet")} out of scope so far{(more.Count > Most ? $", to {RunText.Count(more.Count - Most, "destination")} more" : "")}");
    }

    private static (string, string, int) Key(RefusedView refused) => (refused.Address, refused.Protocol, refused.Port);
}
