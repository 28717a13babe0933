using System.Globalization;
using Writ.Contracts.Runs;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Core.Results;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;
using Writ.Server.Audit;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Policy;
using Writ.Server.Requests;
using Writ.Server.Storage;

namespace Writ.Server.Runs;

/// <summary>What a run that was cut has not measured, as a command: the same one, on the targets that are left. Nothing is asked by it.</summary>
internal sealed class ShowRest(Database database, RequestAccess access, EvidenceViews views, PolicyInForce policies, Reevaluation reevaluation)
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/runs/{id}/rest", async (string id, ShowRest verb, HttpContext context, CancellationToken cancel) => (await verb.Show(context.Caller(), id, cancel)).ToHttp())
            .WithName("ShowRest").Needs(Access.SignedIn).Produces<RestView>().Evidence();

    public async Task<Result<RestView>> Show(Caller caller, string id, CancellationToken cancel)
    {
        await using var db = database.Open();
        var found = await ShowRuns.Find(db, access, caller, id);
        if (!found.IsOk)
            return found.Refusal;
        var (run, request) = found.Value;
        var stored = await ResultsStore.Load(db, run, cancel);
        if (!stored.IsOk)
            return stored.Refusal;
        await views.Record(caller, AuditType.ResultsViewed, $"{run.Id} rest", run.RequestId, new() { ["run"] = run.Id.ToString(), ["form"] = "rest" });
        if (stored.Value.Results.UnlistedHosts > 0)
            return new Refusal(ErrorCode.WrongState, "the run found more hosts than are listed, so what it did not measure is not known", "its XML has all of them: writ results --format xml");
        var left = Left(stored.Value);
        if (left.IsEmpty)
            return new RestView(run.Id.ToString(), "0", []);

        var policy = await policies.Get(db);
        if (!policy.IsOk)
            return policy.Refusal;
        var context = await reevaluation.ContextOf(db, request);
        if (!context.IsOk)
            return context.Refusal;
        if (policy.Value.Tools.Find(request.Tool) is not { } tool || tool.Plan(request.Command, context.Value) is not { IsOk: true, Value: var plan })
            return new Refusal(ErrorCode.UnknownTool, $"the command cannot be read any more, since {request.Tool} is another now", "ask for what is left by a command of your own");
        var limits = SmallerLimits.On(plan, plan.Targets.Intersect(left));
        return tool.Narrow(request.Command, context.Value, limits) is { } command && tool.Plan(command, context.Value) is { IsOk: true, Value: var rest } && rest.Targets.Equals(limits.Targets) && limits.Holds(rest, tool)
            ? new RestView(run.Id.ToString(), rest.Targets.Count.ToString(CultureInfo.InvariantCulture), command)
            : new Refusal(ErrorCode.InvalidCommand, "no command was found that does just what is left", "ask for it by a command of your own");
    }

    /// <summary>Targets of which nothing was told, and hosts of which some was not measured.</summary>
    private static AddressSet Left(StoredResults stored)
    {
        var measured = stored.Results.Hosts.Where(host => host.State != NotMeasured.State && host.Ports.All(port => port.State != NotMeasured.State) && host.Rest.All(rest => rest.State != NotMeasured.State));
        var partly = stored.Results.Hosts.Except(measured);
        return stored.Results.Complete
            ? stored.Targets.Intersect(Set(partly))
            : stored.Targets.Except(Set(measured));

        static AddressSet Set(IEnumerable<FoundHost> hosts) => AddressSet.Of(hosts.Select(host => new AddressRange(host.Address, host.Address)));
    }
}
