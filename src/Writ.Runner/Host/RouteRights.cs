using Writ.Proof.Addresses;
using Writ.Runner.Kernel;
using Writ.Runner.Runners;

namespace Writ.Runner.Host;

/// <summary>Networks of the runner's ceiling that the host itself reaches, so that every user of it does, without a run.</summary>
internal static class RouteRights
{
    private const int MostAsked = 64;

    public static IEnumerable<StandingRight> Find(RunnerConfig config)
    {
        foreach (var range in config.CeilingScope().Addresses.Ranges.Take(MostAsked))
        {
            if (config.NetworkNamespace is null)
                yield return new("route", range.ToString(), "runs leave through the host's own network, so every user of this host reaches it too", "move the uplink into a network namespace and name it in runner.json", null);
            else if (IsRouted(range.First))
                yield return new("route", range.ToString(), "the host itself has a route to it, so every user of this host reaches it without a run", $"ip route add unreachable {range}", null);
        }
    }

    private static bool IsRouted(Address address)
    {
        try
        {
            KernelTool.Run("", "ip", address.IsV4 ? "-4" : "-6", "route", "get", address.ToString());
            return true;
        }
        catch (RunnerException)
        {
            // "Network is unreachable", or a route that says so.
            return false;
        }
    }
}
