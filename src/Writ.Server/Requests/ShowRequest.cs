using Writ.Contracts.Requests;
using Writ.Core.Identity;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Policy;
using Writ.Server.Storage;

namespace Writ.Server.Requests;

/// <summary>One request; with <c>wait</c> and <c>seen</c> it answers when the state is another than the one seen, or the wait is over.</summary>
internal static class ShowRequest
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/requests/{id}", async (
            string id, double? wait, string? seen, Database database, RequestAccess access, PolicyInForce policies, Changes changes,
            TimeProvider time, HttpContext context, CancellationToken cancel) =>
        {
            var until = time.GetUtcNow() + TimeSpan.FromSeconds(Math.Clamp(wait ?? 0, 0, LongestWait.TotalSeconds));
            while (true)
            {
                var next = changes.Next(id);
                await using var db = database.Open();
                var found = await access.Find(db, context.Caller(), id);
                if (!found.IsOk)
                    return found.Refusal.ToHttp();
                var left = until - time.GetUtcNow();
                if (seen is null || RequestViews.State(found.Value.State) != seen || left <= TimeSpan.Zero)
                {
                    var policy = await policies.Get(db);
                    return Results.Ok((await RequestViews.Load(db, policy.IsOk ? policy.Value : null, [found.Value], cancel))[0]);
                }

                await Task.WhenAny(next, Task.Delay(left < Look ? left : Look, time, cancel));
            }
        }).WithName("ShowRequest").Needs(Access.SignedIn).Produces<RequestView>();
}
