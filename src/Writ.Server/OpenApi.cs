using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Writ.Server;

/// <summary>What <c>/v1/openapi.json</c> says beside the endpoints themselves.</summary>
internal static class OpenApi
{
    public static void Describe(OpenApiOptions options)
    {
        options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo
            {
                Title = "Writ",
                Version = "v1",
                Description = "Just-in-time access to Nmap and other tools. Errors are RFC 9457 problem+json whose type is the error code.",
            };
            document.Servers = [];
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
            document.Components.SecuritySchemes["token"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer" };
            document.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("token", document)] = [] }];
            return Task.CompletedTask;
        });
    }
}
