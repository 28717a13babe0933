using Microsoft.EntityFrameworkCore;
using OpenIddict.EntityFrameworkCore.Models;

namespace Writ.Server.Storage;

/// <summary>The one model of both databases. Its two subclasses exist so that each has migrations of its own.</summary>
internal abstract class WritDb(DbContextOptions options) : DbContext(options)
{
    public DbSet<ActorRow> Actors => Set<ActorRow>();
    public DbSet<TokenRow> Tokens => Set<TokenRow>();
    public DbSet<PasskeyRow> Passkeys => Set<PasskeyRow>();
    public DbSet<PasskeyChallengeRow> PasskeyChallenges => Set<PasskeyChallengeRow>();
    public DbSet<SessionRow> Sessions => Set<SessionRow>();
    public DbSet<AccountRow> Accounts => Set<AccountRow>();
    public DbSet<IdentityRow> Identities => Set<IdentityRow>();
    public DbSet<SignInFailureRow> SignInFailures => Set<SignInFailureRow>();
    public DbSet<SpentRow> Spent => Set<SpentRow>();
    public DbSet<OpenIddictEntityFrameworkCoreToken> OpenIdTokens => Set<OpenIddictEntityFrameworkCoreToken>();
    public DbSet<OpenIddictEntityFrameworkCoreAuthorization> OpenIdAuthorizations => Set<OpenIddictEntityFrameworkCoreAuthorization>();
    public DbSet<OneTimeSecretRow> OneTimeSecrets => Set<OneTimeSecretRow>();
    public DbSet<PolicyRow> Policies => Set<PolicyRow>();
    public DbSet<ProposalRow> Proposals => Set<ProposalRow>();
    public DbSet<DirectoryRow> Directories => Set<DirectoryRow>();
    public DbSet<DirectoryUserRow> DirectoryUsers => Set<DirectoryUserRow>();
    public DbSet<DirectoryGroupRow> DirectoryGroups => Set<DirectoryGroupRow>();
    public DbSet<DirectoryMemberRow> DirectoryMembers => Set<DirectoryMemberRow>();
    public DbSet<TransmitterRow> Transmitters => Set<TransmitterRow>();
    public DbSet<RunnerRow> Runners => Set<RunnerRow>();
    public DbSet<RunnerKeyRow> RunnerKeys => Set<RunnerKeyRow>();
    public DbSet<InventoryRow> Inventories => Set<InventoryRow>();
    public DbSet<OnCallRow> OnCall => Set<OnCallRow>();
    public DbSet<TemplateRow> Templates => Set<TemplateRow>();
    public DbSet<RequestRow> Requests => Set<RequestRow>();
    public DbSet<DecisionRow> Decisions => Set<DecisionRow>();
    public DbSet<GrantRow> Grants => Set<GrantRow>();
    public DbSet<GlassRow> Glass => Set<GlassRow>();
    public DbSet<RunRow> Runs => Set<RunRow>();
    public DbSet<ExtensionRow> Extensions => Set<ExtensionRow>();
    public DbSet<SeriesRow> Series => Set<SeriesRow>();
    public DbSet<OccurrenceRow> Occurrences => Set<OccurrenceRow>();
    public DbSet<RefusedRow> Refused => Set<RefusedRow>();
    public DbSet<TraceRow> Traces => Set<TraceRow>();
    public DbSet<RunResultsRow> RunResults => Set<RunResultsRow>();
    public DbSet<ResultsRow> Results => Set<ResultsRow>();
    public DbSet<ResultHostRow> ResultHosts => Set<ResultHostRow>();
    public DbSet<ResultPortRow> ResultPorts => Set<ResultPortRow>();
    public DbSet<RetentionRow> Retention => Set<RetentionRow>();
    public DbSet<DeletionRow> Deletions => Set<DeletionRow>();
    public DbSet<RecordingPieceRow> RecordingPieces => Set<RecordingPieceRow>();
    public DbSet<FileRow> Files => Set<FileRow>();
    public DbSet<NameQuestionRow> NameQuestions => Set<NameQuestionRow>();
    public DbSet<AuditRow> AuditEntries => Set<AuditRow>();

    public DbSet<LogTileRow> LogTiles => Set<LogTileRow>();
    public DbSet<LogHeadRow> LogHeads => Set<LogHeadRow>();
    public DbSet<LogCosignatureRow> LogCosignatures => Set<LogCosignatureRow>();
    public DbSet<StreamRow> Streams => Set<StreamRow>();
    public DbSet<ChatAccountRow> ChatAccounts => Set<ChatAccountRow>();
    public DbSet<NoticeRow> Notices => Set<NoticeRow>();
    public DbSet<NoticeSettingsRow> NoticeSettings => Set<NoticeSettingsRow>();
    public DbSet<PushSubscriptionRow> PushSubscriptions => Set<PushSubscriptionRow>();
    public DbSet<NoticeProgressRow> NoticeProgress => Set<NoticeProgressRow>();

    /// <summary>Of grants, those that do not stand in the index of traces, as the database says it.</summary>
    protected abstract string UntracedGrants { get; }

    /// <summary>The collation under which text compares bytewise, where that is not the database's own way.</summary>
    protected abstract string? TextCollation { get; }

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder) =>
        Conversions.Use(configurationBuilder, TextCollation);

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<ActorRow>(actor =>
        {
            actor.ToTable("actors");
            actor.HasIndex(row => new { row.Kind, row.Name }).IsUnique();
        });
        modelBuilder.Entity<TokenRow>(token =>
        {
            token.ToTable("tokens");
            token.HasIndex(row => row.Hash).IsUnique();
            token.HasOne<ActorRow>().WithMany().HasForeignKey(row => row.ActorId).OnDelete(DeleteBehavior.Restrict);
        });
        modelBuilder.Entity<PasskeyRow>(passkey =>
        {
            passkey.ToTable("passkeys");
            passkey.HasIndex(row => row.CredentialId).IsUnique();
            passkey.HasIndex(row => row.ActorId);
            passkey.HasOne<ActorRow>().WithMany().HasForeignKey(row => row.ActorId).OnDelete(DeleteBehavior.Restrict);
        });
        modelBuilder.Entity<PasskeyChallengeRow>(challenge =>
        {
            challenge.ToTable("passkey_challenges");
            challenge.HasKey(row => row.Nonce);
            challenge.HasIndex(row => row.ActorId);
        });
        SignInTables.Map(modelBuilder);
        ChatTables.Map(modelBuilder);
        OnCallTables.Map(modelBuilder);
        SeriesTables.Map(modelBuilder);
        NoticeTables.Map(modelBuilder);
        LogTables.Map(modelBuilder);
        modelBuilder.Entity<OneTimeSecretRow>(secret =>
        {
            secret.ToTable("one_time_secrets");
            secret.HasKey(row => row.Hash);
        });
        modelBuilder.Entity<PolicyRow>(policy =>
        {
            policy.ToTable("policies");
            policy.HasKey(row => row.Number);
            policy.Property(row => row.Number).ValueGeneratedNever();
        });
        modelBuilder.Entity<ProposalRow>(proposal =>
        {
            proposal.ToTable("proposals");
            proposal.HasIndex(row => row.State);
            proposal.HasOne<ActorRow>().WithMany().HasForeignKey(row => row.By).OnDelete(DeleteBehavior.Restrict);
        });
        modelBuilder.Entity<DirectoryRow>(directory =>
        {
            directory.ToTable("directories");
            directory.HasKey(row => row.Name);
            directory.HasIndex(row => row.Hash).IsUnique();
        });
        modelBuilder.Entity<DirectoryUserRow>(user =>
        {
            user.ToTable("directory_users");
            user.HasKey(row => row.ActorId);
            user.HasIndex(row => new { row.Directory, row.UserName }).IsUnique();
            user.HasIndex(row => new { row.Directory, row.ExternalId }).IsUnique();
            user.HasOne<ActorRow>().WithMany().HasForeignKey(row => row.ActorId).OnDelete(DeleteBehavior.Restrict);
        });
        modelBuilder.Entity<DirectoryGroupRow>(group =>
        {
            group.ToTable("directory_groups");
            group.HasIndex(row => new { row.Directory, row.Name }).IsUnique();
        });
        modelBuilder.Entity<DirectoryMemberRow>(member =>
        {
            member.ToTable("directory_members");
            member.HasKey(row => new { row.GroupId, row.ActorId });
            member.HasIndex(row => row.ActorId);
            member.HasOne<DirectoryGroupRow>().WithMany().HasForeignKey(row => row.GroupId).OnDelete(DeleteBehavior.Cascade);
            member.HasOne<ActorRow>().WithMany().HasForeignKey(row => row.ActorId).OnDelete(DeleteBehavior.Restrict);
        });
        modelBuilder.Entity<TransmitterRow>(transmitter =>
        {
            transmitter.ToTable("transmitters");
            transmitter.HasKey(row => row.Name);
            transmitter.HasIndex(row => row.Issuer).IsUnique();
        });
        modelBuilder.Entity<RunnerRow>(runner =>
        {
            runner.ToTable("runners");
            runner.HasIndex(row => row.Name).IsUnique();
        });
        modelBuilder.Entity<RunnerKeyRow>(key =>
        {
            key.ToTable("runner_keys");
            key.HasKey(row => new { row.RunnerId, row.KeyId });
            key.HasOne<RunnerRow>().WithMany().HasForeignKey(row => row.RunnerId).OnDelete(DeleteBehavior.Restrict);
        });
        modelBuilder.Entity<InventoryRow>(inventory =>
        {
            inventory.ToTable("inventories");
            inventory.HasKey(row => row.Digest);
        });
        modelBuilder.Entity<TemplateRow>(template =>
        {
            template.ToTable("templates");
            template.HasKey(row => new { row.Name, row.Version });
            template.HasOne<ActorRow>().WithMany().HasForeignKey(row => row.By).OnDelete(DeleteBehavior.Restrict);
        });
        modelBuilder.Entity<RequestRow>(request =>
        {
            request.ToTable("requests");
            request.Property(row => row.Names).HasDefaultValue("{}");
            request.HasIndex(row => new { row.State, row.ExpiresAt });
            request.HasIndex(row => new { row.ActorId, row.IdempotencyKey }).IsUnique();
            request.HasIndex(row => row.Extends);
            request.HasIndex(row => row.PlanLikeness);
            request.HasIndex(row => row.TemplateLikeness);
            // A run of a series is one request, whatever races.
            request.HasIndex(row => new { row.Series, row.DueAt }).IsUnique();
            request.HasOne<ActorRow>().WithMany().HasForeignKey(row => row.ActorId).OnDelete(DeleteBehavior.Restrict);
        });
        modelBuilder.Entity<DecisionRow>(decision =>
        {
            decision.ToTable("decisions");
            decision.Property(row => row.OnCall).HasDefaultValueSql("'[]'");
            // A person decides once on a revision.
            decision.HasIndex(row => new { row.RequestId, row.Revision, row.ActorId }).IsUnique();
            decision.HasOne<RequestRow>().WithMany().HasForeignKey(row => row.RequestId).OnDelete(DeleteBehavior.Restrict);
        });
        modelBuilder.Entity<GrantRow>(grant =>
        {
            grant.ToTable("grants", table => table.HasCheckConstraint("ck_grants_uses", "\"UsesLeft\" >= 0 AND \"UsesLeft\" <= \"UsesGranted\""));
            // A request gives one grant, whatever races.
            grant.HasIndex(row => row.RequestId).IsUnique();
            grant.HasIndex(row => new { row.State, row.NotAfter });
            grant.HasIndex(row => new { row.ActorId, row.State });
            grant.HasIndex(row => row.IsTraced).HasFilter(UntracedGrants);
            grant.HasOne<RequestRow>().WithMany().HasForeignKey(row => row.RequestId).OnDelete(DeleteBehavior.Restrict);
        });
        modelBuilder.Entity<GlassRow>(glass =>
        {
            glass.ToTable("glass");
            glass.HasKey(row => row.GrantId);
            glass.HasIndex(row => row.RequestId).IsUnique();
            // Nobody breaks it twice before somebody else has looked, whatever races.
            glass.HasIndex(row => row.ActorId).IsUnique().HasFilter("\"State\" = 'Broken'");
            glass.HasOne<GrantRow>().WithMany().HasForeignKey(row => row.GrantId).OnDelete(DeleteBehavior.Restrict);
            glass.HasOne<RequestRow>().WithMany().HasForeignKey(row => row.RequestId).OnDelete(DeleteBehavior.Restrict);
        });
        modelBuilder.Entity<RunRow>(run =>
        {
            run.ToTable("runs");
            run.Property(row => row.Outputs).HasDefaultValue("[]");
            run.Property(row => row.Sources).HasDefaultValueSql("'[]'");
            // A use is taken once, whatever races.
            run.HasIndex(row => new { row.GrantId, row.UseNumber }).IsUnique();
            run.HasIndex(row => row.Nonce).IsUnique();
            run.HasIndex(row => new { row.ActorId, row.IdempotencyKey }).IsUnique();
            run.HasIndex(row => new { row.RunnerId, row.State });
            run.HasIndex(row => new { row.GrantId, row.CreatedAt, row.EndedAt });
            run.HasOne<GrantRow>().WithMany().HasForeignKey(row => row.GrantId).OnDelete(DeleteBehavior.Restrict);
        });
        modelBuilder.Entity<ExtensionRow>(extension =>
        {
            extension.ToTable("extensions");
            // An approved request gives more time once, whatever races.
            extension.HasKey(row => row.RequestId);
            // No two go on from the same deadline: of two decisions at once one is about a deadline that the run has no more.
            extension.HasIndex(row => new { row.RunId, row.From }).IsUnique().HasFilter("\"State\" <> 'Void'");
            extension.HasIndex(row => row.Nonce).IsUnique();
            extension.HasIndex(row => new { row.RunnerId, row.State });
            extension.HasOne<RequestRow>().WithMany().HasForeignKey(row => row.RequestId).OnDelete(DeleteBehavior.Restrict);
            extension.HasOne<RunRow>().WithMany().HasForeignKey(row => row.RunId).OnDelete(DeleteBehavior.Restrict);
        });
        modelBuilder.Entity<RefusedRow>(refused =>
        {
            refused.ToTable("refused");
            refused.HasKey(row => new { row.RunId, row.Address, row.Protocol, row.Port });
        });
        modelBuilder.Entity<TraceRow>(trace =>
        {
            trace.ToTable("traces");
            trace.HasKey(row => new { row.Key, row.Span, row.From, row.Subject });
        });
        modelBuilder.Entity<RunResultsRow>(results =>
        {
            results.ToTable("run_results");
            results.HasKey(row => row.RunId);
            results.HasOne<RunRow>().WithMany().HasForeignKey(row => row.RunId).OnDelete(DeleteBehavior.Restrict);
        });
        modelBuilder.Entity<ResultsRow>(results =>
        {
            results.ToTable("results");
            results.HasKey(row => row.RunId);
            results.HasIndex(row => row.Sha256);
            results.HasOne<RunRow>().WithMany().HasForeignKey(row => row.RunId).OnDelete(DeleteBehavior.Restrict);
        });
        modelBuilder.Entity<ResultHostRow>(host =>
        {
            host.ToTable("result_hosts");
            host.HasKey(row => new { row.RunId, row.Address });
            host.HasIndex(row => row.Address);
        });
        modelBuilder.Entity<ResultPortRow>(port =>
        {
            port.ToTable("result_ports");
            port.HasKey(row => new { row.RunId, row.Address, row.Protocol, row.Port });
            // What ran into a port, over all runs.
            port.HasIndex(row => new { row.Address, row.Port, row.Protocol });
        });
        modelBuilder.Entity<RetentionRow>(retention =>
        {
            retention.ToTable("retention");
            retention.HasKey(row => row.Kind);
        });
        modelBuilder.Entity<DeletionRow>(deletion =>
        {
            deletion.ToTable("deletions");
            deletion.HasKey(row => new { row.RunId, row.Kind });
            deletion.HasIndex(row => row.Done);
        });
        modelBuilder.Entity<RecordingPieceRow>(piece =>
        {
            piece.ToTable("recording_pieces");
            piece.HasKey(row => new { row.RunId, row.Offset });
        });
        modelBuilder.Entity<FileRow>(file =>
        {
            file.ToTable("files");
            file.HasKey(row => row.Sha256);
        });
        modelBuilder.Entity<NameQuestionRow>(question =>
        {
            question.ToTable("name_questions");
            question.HasIndex(row => row.RunnerId);
        });
    }
}

/// <summary>Embedded, the default.</summary>
internal sealed class SqliteWritDb(DbContextOptions<SqliteWritDb> options) : WritDb(options)
{
    protected override string? TextCollation => null;

    protected override string UntracedGrants => "\"IsTraced\" = 0";
}

/// <summary>For more than one server.</summary>
internal sealed class PostgresWritDb(DbContextOptions<PostgresWritDb> options) : WritDb(options)
{
    protected override string? TextCollation => "C";

    protected override string UntracedGrants => "NOT \"IsTraced\"";
}
