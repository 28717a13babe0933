using System.Security.Cryptography;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Runners;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Audit;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Storage;

namespace Writ.Server.Runners;

/// <summary>A one-time enrolment token for a new runner, by an admin.</summary>
internal sealed class CreateEnrolment(WriteTransaction writes, Gate gate, ServerKeys keys, ServerSettings settings)
{
    public const string Purpose = "enrolment";
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(15);

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/runners/enrolments", async (NewEnrolment ask, CreateEnrolment verb, HttpContext context) =>
            (await verb.Create(context.Caller(), ask.Name)).ToHttp(StatusCodes.Status201Created))
            .WithName("CreateEnrolment").Needs(Access.FreshAdmin).Produces<EnrolmentView>(StatusCodes.Status201Created);

    public async Task<Result<EnrolmentView>> Create(Caller caller, string name)
    {
        return await gate.Refuse(caller, Access.FreshAdmin, "enrol a runner") is { } refusal ? refusal : await Create(name, caller.Audit, caller.SourceAddress);
    }

    public Task<Result<EnrolmentView>> Create(string name, AuditActor by, string? source) => writes.Commit<EnrolmentView>(async scope =>
    {
        if (name.Length is 0 or > 63 || !name.All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter == '-'))
            return new Refusal(ErrorCode.InvalidInput, "a runner's name is made of 1 to 63 of a-z, 0-9 and -");
        if (await scope.Db.Runners.AnyAsync(row => row.Name == name))
            return new Refusal(ErrorCode.WrongState, $"there is a runner named {name} already");
        var secret = Secrets.New(Secrets.Enrolment);
        scope.Db.OneTimeSecrets.Add(new()
        {
            Hash = Secrets.Hash(secret), Purpose = Purpose, Name = name, CreatedAt = scope.Now, NotAfter = scope.Now + Life,
        });
        scope.Record(new(AuditType.EnrolmentCreated, by, null, new() { ["runner"] = name }, source));
        return new EnrolmentView(name, $"{secret}.{keys.AuthorityFingerprint}", scope.Now + Life, settings.RunnerListen);
    });
}

/// <summary>Spends an enrolment token. Only here does the runner listener answer without a client certificate.</summary>
internal sealed class EnrolRunner(WriteTransaction writes, RunnerCertificates certificates, ServerKeys keys, RefusedAttempts refused)
    : RunnerEnrolment.RunnerEnrolmentBase
{
    public override Task<AuthorityReply> Authority(AuthorityRequest request, ServerCallContext context) =>
        Task.FromResult(new AuthorityReply { Certificate = ByteString.CopyFrom(keys.Authority.RawData) });

    public override async Task<EnrolReply> Enrol(EnrolRequest request, ServerCallContext context)
    {
        var enrolled = await writes.Commit<EnrolReply>(async scope =>
        {
            var hash = Secrets.Hash(request.Token.Split('.')[0]);
            var spent = await scope.Db.OneTimeSecrets
                .Where(row => row.Hash == hash && row.Purpose == CreateEnrolment.Purpose && row.SpentAt == null && row.NotAfter > scope.Now)
                .ExecuteUpdateAsync(set => set.SetProperty(row => row.SpentAt, scope.Now));
            if (spent == 0)
                return new Refusal(ErrorCode.NotSignedIn, "the enrolment token is unknown, spent or expired");
            var name = await scope.Db.OneTimeSecrets.Where(row => row.Hash == hash).Select(row => row.Name).SingleAsync();
            if (await scope.Db.Runners.AnyAsync(row => row.Name == name))
                return new Refusal(ErrorCode.WrongState, $"there is a runner named {name} already");

            var runner = new RunnerRow { Id = RunnerId.New(scope.Now), Name = name, EnrolledAt = scope.Now };
            var reply = Issue(request.CertificateRequest, runner.Id, name);
            if (!reply.IsOk)
                return reply.Refusal;
            scope.Db.Runners.Add(runner);
            var entry = scope.Record(new(AuditType.RunnerEnrolled, new(null, name), null,
                new() { ["runner"] = runner.Id.ToString(), ["name"] = name, ["receipt_key"] = RunnerKeys.Text(request.ReceiptKey) }, RemoteAddress(context)));
            if (request.ReceiptKey.Length == 32)
                await RunnerKeys.Keep(scope, runner.Id, request.ReceiptKey, entry);
            return reply;
        });
        if (enrolled.IsOk)
            return enrolled.Value;
        await refused.Record(new(AuditType.AttemptRefused, new(null, "unknown"), null,
            new() { ["attempt"] = "enrol", ["code"] = enrolled.Refusal.Code }, RemoteAddress(context)));
        throw new RpcException(new Status(StatusCode.PermissionDenied, enrolled.Refusal.Message));
    }

    /// <summary>A certificate with everything that a runner needs beside it.</summary>
    public Result<EnrolReply> Issue(ByteString certificateRequest, RunnerId runner, string name)
    {
        try
        {
            using var certificate = certificates.IssueToRunner(certificateRequest.Span, runner);
            return new EnrolReply
            {
                Runner = runner.ToString(),
                Name = name,
                Certificate = ByteString.CopyFrom(certificate.RawData),
                Authority = ByteString.CopyFrom(keys.Authority.RawData),
                OrderKeys = { ByteString.CopyFrom(keys.OrderPublicKey) },
            };
        }
        catch (CryptographicException)
        {
            return new Refusal(ErrorCode.InvalidInput, "the certificate request is malformed or does not prove its key");
        }
    }

    /// <summary>The other end's address alone; gRPC's own form has a scheme and a port.</summary>
    public static string? RemoteAddress(ServerCallContext context) => context.GetHttpContext().Connection.RemoteIpAddress?.ToString();
}
