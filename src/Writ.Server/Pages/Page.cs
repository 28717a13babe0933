using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Writ.Server.Pages;

/// <summary>Pages as answers: rendered on the server, protected, with the value that their forms send back.</summary>
internal static class Page
{
    /// <summary>A page with its parameters. Its forms render <c>Token</c> as the hidden field <c>antiforgery</c>.</summary>
    public static IResult Of<TPage>(HttpContext context, int status, params ReadOnlySpan<(string Name, object? Value)> parameters)
        where TPage : IComponent
    {
        var values = new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["Token"] = context.RequestServices.GetRequiredService<IAntiforgery>().GetAndStoreTokens(context).RequestToken,
        };
        foreach (var (name, value) in parameters)
            values[name] = value;
        PageSecurity.Protect(context);
        return new RazorComponentResult<TPage>(values) { StatusCode = status };
    }

    public static IResult Of<TPage>(HttpContext context, params ReadOnlySpan<(string Name, object? Value)> parameters)
        where TPage : IComponent => Of<TPage>(context, StatusCodes.Status200OK, parameters);

    /// <summary>One sentence, and the way on.</summary>
    public static IResult Message(HttpContext context, int status, string title, string text, string? link = null, string? linkText = null) =>
        Of<MessagePage>(context, status, ("Title", title), ("Text", text), ("Link", link), ("LinkText", linkText));

    /// <summary>Leads on to a path of ours.</summary>
    public static IResult GoTo(HttpContext context, string path)
    {
        PageSecurity.Protect(context);
        return Results.Redirect(LocalPath.Of(path));
    }

    /// <summary>The form that a page of ours sent, or null for one that comes from elsewhere.</summary>
    public static async Task<IFormCollection?> Form(HttpContext context) =>
        context.Request.HasFormContentType && await context.RequestServices.GetRequiredService<IAntiforgery>().IsRequestValidAsync(context)
            ? await context.Request.ReadFormAsync()
            : null;

    /// <summary>What is said of a form that comes from elsewhere, or from a page that was open too long.</summary>
    public static IResult Foreign(HttpContext context) => Message(
        context, StatusCodes.Status400BadRequest, "Nothing was changed", "The form did not come from a page of this server, or the page was open for too long.", LocalPath.Home, "Start again");
}
