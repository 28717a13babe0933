using Writ.Contracts.Requests;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Policy;
using Writ.Server.Storage;

namespace Writ.Server.Requests;

/// <summary>One request; with <c>wait</c> and <c>seen</c> it answers when the state is another than the one seen, or the wait is over.</summary>
internal static class ShowRequest
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/requests/{id}", async (
            string id, double? wait, string? seen, Database database, RequestAccess access, PolicyInForce policies, LongPoll poll, HttpContext context, CancellationToken cancel) =>
            (await poll.Wait([id], wait, async () =>
            {
                await using var db = database.Open();
                var found = await access.Find(db, context.Caller(), id);
                if (!found.IsOk)
                    return (found.Refusal, false);
                var policy = await policies.Get(db);
                return ((Result<RequestView>)(await RequestViews.Load(db, policy.IsOk ? policy.Value : null, [found.Value], cancel))[0], RequestViews.State(found.Value.State) == seen);
            }, cancel)).ToHttp()).WithName("ShowRequest").Needs(Access.SignedIn).Produces<RequestView>();
}
