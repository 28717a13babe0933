using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Rendering;

namespace Writ.Server.WebConsole.Pictures;

/// <summary>A text in a picture; Razor reads the element's own name as something else.</summary>
public sealed class SvgText : ComponentBase
{
    [Parameter]
    public string Class { get; set; } = "";

    /// <summary>Where, in percent of the width.</summary>
    [Parameter, EditorRequired]
    public double At { get; set; }

    [Parameter, EditorRequired]
    public int Y { get; set; }

    [Parameter, EditorRequired]
    public string Text { get; set; } = "";

    /// <summary>What stands before or after it where there is room.</summary>
    [Parameter]
    public string? WideBefore { get; set; }

    [Parameter]
    public string? WideAfter { get; set; }

    /// <summary>The class of a text that stands at its place without leaving the picture.</summary>
    public static string Anchor(double at, double near = 0) => at <= near ? "" : at >= 100 - near ? "end" : "mid";

    protected override void BuildRenderTree(RenderTreeBuilder builder)
    {
        builder.OpenElement(0, "text");
        builder.AddAttribute(1, "class", Class);
        builder.AddAttribute(2, "x", Percent.Of(At));
        builder.AddAttribute(3, "y", Y);
        builder.AddContent(4, Wide, WideBefore);
        builder.AddContent(5, Text);
        builder.AddContent(6, Wide, WideAfter);
        builder.CloseElement();
    }

    private static RenderFragment Wide(string? text) => builder =>
    {
        if (text is null)
            return;
        builder.OpenElement(0, "tspan");
        builder.AddAttribute(1, "class", "wide");
        builder.AddContent(2, text);
        builder.CloseElement();
    };
}
