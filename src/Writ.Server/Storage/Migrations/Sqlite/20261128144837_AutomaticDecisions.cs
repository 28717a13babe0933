using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Writ.Server.Storage.Migrations.Sqlite
{
    /// <inheritdoc />
    [DbContext(typeof(SqliteWritDb))]
    [Migration("20261128144837_AutomaticDecisions")]
    public partial class AutomaticDecisions : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "KnownGoodBy",
                table: "requests",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "PlanLikeness",
                table: "requests",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "TemplateLikeness",
                table: "requests",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "OnCall",
                table: "decisions",
                type: "TEXT",
                nullable: false,
                defaultValueSql: "'[]'");

            migrationBuilder.CreateTable(
                name: "on_call",
                columns: table => new
                {
                    Source = table.Column<string>(type: "TEXT", nullable: false),
                    People = table.Column<string>(type: "TEXT", nullable: false),
                    AnsweredAt = table.Column<long>(type: "INTEGER", nullable: true),
                    HoldsUntil = table.Column<long>(type: "INTEGER", nullable: true),
                    NextAt = table.Column<long>(type: "INTEGER", nullable: false),
                    Trouble = table.Column<string>(type: "TEXT", nullable: true),
                    TroubleAt = table.Column<long>(type: "INTEGER", nullable: true),
                    IsKnown = table.Column<bool>(type: "INTEGER", nullable: false)
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
