using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Writ.Server.Storage.Migrations.Postgres
{
    /// <inheritdoc />
    [DbContext(typeof(PostgresWritDb))]
    [Migration("20261128144842_AutomaticDecisions")]
    public partial class AutomaticDecisions : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "KnownGoodBy",
                table: "requests",
                type: "text",
                nullable: true,
                collation: "C");

            migrationBuilder.AddColumn<string>(
                name: "PlanLikeness",
                table: "requests",
                type: "text",
                nullable: true,
                collation: "C");

            migrationBuilder.AddColumn<string>(
                name: "TemplateLikeness",
                table: "requests",
                type: "text",
                nullable: true,
                collation: "C");

            migrationBuilder.AddColumn<string>(
                name: "OnCall",
                table: "decisions",
                type: "text",
                nullable: false,
                defaultValueSql: "'[]'");

            migrationBuilder.CreateTable(
                name: "on_call",
                columns: table => new
                {
                    Source = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    People = table.Column<string>(type: "text", nullable: false),
                    AnsweredAt = table.Column<long>(type: "bigint", nullable: true),
                    HoldsUntil = table.Column<long>(type: "bigint", nullable: true),
                    NextAt = table.Column<long>(type: "bigint", nullable: false),
                    Trouble = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    TroubleAt = table.Column<long>(type: "bigint", nullable: true),
                    IsKnown = table.Column<bool>(type: "boolean", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_on_call", x => x.Source);
                });

            migrationBuilder.CreateIndex(
                name: "IX_requests_PlanLikeness",
                table: "requests",
                column: "PlanLikeness");

            migrationBuilder.CreateIndex(
                name: "IX_requests_TemplateLikeness",
                table: "requests",
                column: "TemplateLikeness");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "on_call");

            migrationBuilder.DropIndex(
                name: "IX_requests_PlanLikeness",
                table: "requests");

            migrationBuilder.DropIndex(
                name: "IX_requests_TemplateLikeness",
                table: "requests");

            migrationBuilder.DropColumn(
                name: "KnownGoodBy",
                table: "requests");

            migrationBuilder.DropColumn(
                name: "PlanLikeness",
                table: "requests");

            migrationBuilder.DropColumn(
                name: "TemplateLikeness",
                table: "requests");

            migrationBuilder.DropColumn(
                name: "OnCall",
                table: "decisions");
        }
    }
}
